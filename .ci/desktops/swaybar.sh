# shellcheck shell=bash disable=SC2034 # read by run
# swaybar of sway 1.7, with mako. It has no menus.
# shellcheck source=/dev/null
source "$(dirname "${BASH_SOURCE[0]}")/waybar.sh"
PACKAGES="sway swaybg mako-notifier grim libglib2.0-bin gnome-themes-extra fonts-dejavu-core"
COMMANDS="Xvfb xdotool sway swaybar swaybg swaymsg grim mako makoctl busctl gsettings convert"
HAS_SCALES=1
HAS_MENUS=
ICON_AREA=300x26+800+734
start_bar() {
  # Its exit status is not 0, although the bar starts.
  swaymsg -q 'bar { position bottom; tray_output *; }' || true
}
