# shellcheck shell=bash disable=SC2034 # read by run
# Waybar 0.9 on sway 1.7, with mako.
PACKAGES="sway swaybg waybar mako-notifier grim libglib2.0-bin gnome-themes-extra fonts-dejavu-core"
COMMANDS="Xvfb xdotool sway swaybg waybar grim mako makoctl busctl gsettings convert"
HAS_SCALES="1 2"
SCREEN=1100x760

# Sway's headless backend has no pointer: it runs in a window that fills an X server.
start_screen() {
  local width height back='#46627f'
  start_x_server
  IFS=x read -r width height <<< "$SCREEN"
  if [[ $SCHEME == dark ]]; then back='#1d2b3a'; fi
  cat > "$HOME/sway.conf" <<CONF
xwayland disable
output X11-1 resolution $((width * SCALE))x$((height * SCALE)) position 0 0 scale $SCALE background $back solid_color
default_border none
seat * hide_cursor 0
CONF
  WLR_BACKENDS=x11 WLR_RENDERER=pixman sway --config "$HOME/sway.conf" &
  wait_for 20 find_sway || fail "sway does not run"
  export WAYLAND_DISPLAY SWAYSOCK XDG_CURRENT_DESKTOP=sway GDK_BACKEND=wayland
  dbus-update-activation-environment WAYLAND_DISPLAY SWAYSOCK
}
find_sway() {
  SWAYSOCK=$(ls "$XDG_RUNTIME_DIR"/sway-ipc.*.sock 2> /dev/null) &&
    WAYLAND_DISPLAY=$(cd "$XDG_RUNTIME_DIR" && ls -d wayland-? 2> /dev/null)
}
start_desktop() {
  local theme=Adwaita prefer=default bar='#ededed' text='#222222'
  if [[ $SCHEME == dark ]]; then theme=Adwaita-dark prefer=prefer-dark bar='#24292e' text='#fcfcfc'; fi
  gsettings set org.gnome.desktop.interface gtk-theme "$theme"
  gsettings set org.gnome.desktop.interface color-scheme "$prefer"
  gsettings set org.gnome.desktop.interface font-name "DejaVu Sans 10"
  mkdir -p "$XDG_CONFIG_HOME"/{waybar,mako}
  cat > "$XDG_CONFIG_HOME/waybar/config" <<'CONF'
{
  "layer": "top", "position": "bottom", "height": 28,
  "modules-left": ["tray"],
  "tray": {"icon-size": 18, "spacing": 8}
}
CONF
  cat > "$XDG_CONFIG_HOME/waybar/style.css" <<CONF
window#waybar { background: $bar; color: $text; }
#tray { margin: 0 8px; }
CONF
  cat > "$XDG_CONFIG_HOME/mako/config" <<CONF
font=DejaVu Sans 10
width=360
background-color=$bar
text-color=$text
border-size=1
[mode=quiet]
invisible=1
CONF
  start_bar
  mako &
}
start_bar() { waybar & }
unset -f paint_background
shot() { grim "$1"; }
resume_notifications() { makoctl set-mode default 2> /dev/null || makoctl mode -s default; }
stop_notifications() { makoctl dismiss --all; makoctl set-mode quiet 2> /dev/null || makoctl mode -s quiet; }
