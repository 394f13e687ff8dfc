# shellcheck shell=bash disable=SC2034 # read by run
# mate-panel 1.27 with marco and mate-notification-daemon.
PACKAGES="mate-panel mate-notification-daemon mate-settings-daemon marco mate-themes mate-icon-theme fonts-dejavu-core x11-xserver-utils"
COMMANDS="Xvfb xdotool import xsetroot busctl mate-panel marco gsettings"
HAS_SCALES="1 2"
SCREEN=1100x760

start_desktop() {
  local theme=BlueMenta
  if [[ $SCHEME == dark ]]; then theme=BlackMATE; fi
  gsettings set org.mate.interface gtk-theme "$theme"
  gsettings set org.mate.interface icon-theme mate
  gsettings set org.mate.interface font-name "DejaVu Sans 10"
  gsettings set org.mate.interface window-scaling-factor "$SCALE"
  gsettings set org.mate.Marco.general theme "$theme"
  # The tray at the left end, so that the menu has room on the picture.
  gsettings set org.mate.panel toplevel-id-list "['bottom']"
  gsettings set org.mate.panel object-id-list "['tray']"
  local toplevel=/org/mate/panel/toplevels/bottom/ object=/org/mate/panel/objects/tray/
  gsettings set org.mate.panel.toplevel:$toplevel orientation bottom
  gsettings set org.mate.panel.toplevel:$toplevel expand true
  gsettings set org.mate.panel.toplevel:$toplevel size 28
  gsettings set org.mate.panel.object:$object object-type applet
  gsettings set org.mate.panel.object:$object applet-iid NotificationAreaAppletFactory::NotificationArea
  gsettings set org.mate.panel.object:$object toplevel-id bottom
  gsettings set org.mate.panel.object:$object position 0
  mate-settings-daemon &
  wait_for 10 has_owner org.mate.SettingsDaemon
  marco --no-composite &
  resume_notifications
  mate-panel &
}
resume_notifications() {
  local folder
  for folder in /usr/lib/mate-notification-daemon /usr/lib/*/mate-notification-daemon /usr/libexec; do
    if [[ -x $folder/mate-notification-daemon ]]; then
      "$folder/mate-notification-daemon" &
      notification_daemon=$!
      wait_for 10 has_owner org.freedesktop.Notifications
      return
    fi
  done
}
# Its Do Not Disturb closes nothing that is shown.
stop_notifications() { kill "$notification_daemon"; }
