# shellcheck shell=bash disable=SC2034 # read by run
# plasmashell 5.27 with kwin_x11.
PACKAGES="plasma-workspace plasma-desktop plasma-pa kwin-x11 breeze breeze-icon-theme fonts-dejavu-core x11-xserver-utils"
COMMANDS="Xvfb xdotool import busctl plasmashell kwin_x11 kded5 kwriteconfig5"
HAS_SCALES="1 2"
SCREEN=1100x760

start_desktop() {
  local colors=BreezeLight look=default
  if [[ $SCHEME == dark ]]; then colors=BreezeDark look=breeze-dark; fi
  kwriteconfig5 --file kdeglobals --group General --key ColorScheme "$colors"
  cat "/usr/share/color-schemes/$colors.colors" >> "$XDG_CONFIG_HOME/kdeglobals"
  kwriteconfig5 --file kdeglobals --group KDE --key widgetStyle Breeze
  kwriteconfig5 --file kdeglobals --group Icons --key Theme "$([[ $SCHEME == dark ]] && echo breeze-dark || echo breeze)"
  kwriteconfig5 --file plasmarc --group Theme --key name "$look"
  kwriteconfig5 --file kcmfonts --group General --key forceFontDPI 96
  kwriteconfig5 --file plasmanotifyrc --group Notifications --key PopupPosition TopRight
  kwriteconfig5 --file ksplashrc --group KSplash --key Engine none
  kwriteconfig5 --file kwinrc --group Compositing --key Enabled false
  # One panel with the tray at its left end, on a plain desktop.
  cat > "$XDG_CONFIG_HOME/plasma-org.kde.plasma.desktop-appletsrc" <<CONF
[Containments][1]
activityId=
formfactor=2
immutability=1
lastScreen=0
location=4
plugin=org.kde.panel
wallpaperplugin=org.kde.image

[Containments][1][Applets][2]
immutability=1
plugin=org.kde.plasma.systemtray

[Containments][1][Applets][2][Configuration]
PreloadWeight=55
SystrayContainmentId=3

[Containments][1][General]
AppletOrder=2

[Containments][3]
activityId=
formfactor=2
immutability=1
lastScreen=0
location=4
plugin=org.kde.plasma.private.systemtray
wallpaperplugin=org.kde.image

[Containments][3][General]
extraItems=org.kde.plasma.notifications
knownItems=$(known_items)
showAllItems=true
CONF
  export XDG_CURRENT_DESKTOP=KDE KDE_FULL_SESSION=true KDE_SESSION_VERSION=5 DESKTOP_SESSION=plasma QT_AUTO_SCREEN_SCALE_FACTOR=0
  ((SCALE == 1)) || export QT_SCALE_FACTOR=$SCALE PLASMA_USE_QT_SCALING=1
  dbus-update-activation-environment --all
  # It does not start before that.
  busctl --user call org.freedesktop.DBus / org.freedesktop.DBus StartServiceByName su org.kde.ActivityManager 0
  kwin_x11 --no-kactivities &
  kded5 &
  plasmashell --no-respawn &
}
# A new item would be shown, and its place is the icon's neighbourhood.
known_items() {
  local item items=
  for item in /usr/share/plasma/plasmoids/*; do items+=${items:+,}${item##*/}; done
  echo "$items"
}
paint_background() {
  local color=70,98,127
  if [[ $SCHEME == dark ]]; then color=29,43,58; fi
  busctl --user call org.kde.plasmashell /PlasmaShell org.kde.PlasmaShell evaluateScript s "desktops().forEach(desktop => {
      desktop.wallpaperPlugin = 'org.kde.color';
      desktop.currentConfigGroup = ['Wallpaper', 'org.kde.color', 'General'];
      desktop.writeConfig('Color', '$color');
    })"
}
# Do Not Disturb, which closes nothing that is shown.
stop_notifications() { kwriteconfig5 --file plasmanotifyrc --group DoNotDisturb --key Until --type string 2099,1,1,0,0,0; }
