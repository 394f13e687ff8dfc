# shellcheck shell=bash disable=SC2034 # read by run
# lxqt-panel 1.2 with xfwm4 and dunst.
PACKAGES="lxqt-panel xfwm4 dunst papirus-icon-theme fonts-dejavu-core x11-xserver-utils"
COMMANDS="Xvfb xdotool import xsetroot busctl lxqt-panel xfwm4 dunst"
HAS_SCALES="1 2"
SCREEN=1100x760

start_desktop() {
  local theme=light icons=Papirus
  if [[ $SCHEME == dark ]]; then theme=dark icons=Papirus-Dark; fi
  mkdir -p "$XDG_CONFIG_HOME"/{lxqt,dunst}
  cat > "$XDG_CONFIG_HOME/lxqt/panel.conf" <<CONF
panels=panel1
iconTheme=$icons
[panel1]
plugins=statusnotifier
position=Bottom
desktop=0
panelSize=32
iconSize=22
[statusnotifier]
type=statusnotifier
alignment=Left
CONF
  cat > "$XDG_CONFIG_HOME/lxqt/lxqt.conf" <<CONF
[General]
icon_theme=$icons
theme=$theme
[Qt]
font="DejaVu Sans,10,-1,5,50,0,0,0,0,0"
style=Fusion
CONF
  if [[ $SCHEME == dark ]]; then
    cat >> "$XDG_CONFIG_HOME/lxqt/lxqt.conf" <<'CONF'
[Palette]
base_color=#202326
highlight_color=#3daee9
highlighted_text_color=#ffffff
link_color=#1d99f3
text_color=#fcfcfc
tooltip_base_color=#31363b
tooltip_text_color=#fcfcfc
window_color=#2a2e32
window_text_color=#fcfcfc
CONF
  fi
  write_dunstrc
  export QT_QPA_PLATFORMTHEME=lxqt QT_SCALE_FACTOR=$SCALE
  xfwm4 --compositor=off &
  dunst &
  lxqt-panel &
}
stop_notifications() { dunstctl set-paused true; dunstctl close-all; }
resume_notifications() { dunstctl set-paused false; }
