# shellcheck shell=bash disable=SC2034 # read by run
# GNOME Shell 43 on X11 with the AppIndicator extension.
PACKAGES="gnome-shell gnome-shell-extension-appindicator gjs libglib2.0-bin fonts-cantarell"
COMMANDS="Xvfb xdotool import busctl gnome-shell gjs gsettings"
HAS_SCALES="1 2"
SCREEN=1100x1000
SUBMENU_BY=click
ICON_AREA=300x26+800+0
IGNORED=440,0,670,26 # date, and the bell of Do Not Disturb

start_desktop() {
  gsettings set org.gnome.shell enabled-extensions "['ubuntu-appindicators@ubuntu.com', 'appindicatorsupport@rgcjonas.gmail.com']"
  gsettings set org.gnome.desktop.lockdown disable-lock-screen true # otherwise it notifies that it cannot lock
  gsettings set org.gnome.shell welcome-dialog-last-shown-version 99
  gsettings set org.gnome.desktop.interface enable-animations false
  gsettings set org.gnome.desktop.interface color-scheme "$([[ $SCHEME == dark ]] && echo prefer-dark || echo default)"
  gsettings set org.gnome.desktop.interface scaling-factor "$SCALE"
  gsettings set org.gnome.desktop.background picture-options none
  gsettings set org.gnome.desktop.background primary-color '#46627f'
  export XDG_CURRENT_DESKTOP=GNOME XDG_SESSION_TYPE=x11
  # It does not start without a system bus; an empty one will do.
  DBUS_SYSTEM_BUS_ADDRESS=$(dbus-daemon --session --fork --print-address)
  export DBUS_SYSTEM_BUS_ADDRESS
  dbus-update-activation-environment --all
  gnome-shell --x11 --sm-disable &
}
# It starts in the overview.
paint_background() {
  wait_for 30 overview_is true || say "it did not start in the overview"
  wait_for 10 leave_overview || say "still in the overview"
}
overview_is() { [[ $(busctl --user get-property org.gnome.Shell /org/gnome/Shell org.gnome.Shell OverviewActive) == "b $1" ]]; }
leave_overview() {
  busctl --user set-property org.gnome.Shell /org/gnome/Shell org.gnome.Shell OverviewActive b false
  sleep 0.5
  overview_is false
}
stop_notifications() {
  gsettings set org.gnome.desktop.notifications show-banners false
  # A banner stays for as long as nobody seems to be there, and goes once the pointer has left it.
  point $((w_screen / 2)) $((60 * SCALE))
  sleep 1
  park
}
expand_notification() { point $((w_screen / 2)) $((60 * SCALE)); }
