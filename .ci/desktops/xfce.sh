# shellcheck shell=bash disable=SC2034 # read by run
# xfce4-panel 4.18 with xfwm4 and xfce4-notifyd.
PACKAGES="xfce4-panel xfce4-notifyd xfwm4 xfconf xfce4-settings gnome-themes-extra fonts-dejavu-core x11-xserver-utils"
COMMANDS="Xvfb xdotool import xsetroot busctl xfce4-panel xfwm4 xfconf-query xfsettingsd"
HAS_SCALES="1 2"
SCREEN=1100x760

start_desktop() {
  local theme=Adwaita dark=false folder=$XDG_CONFIG_HOME/xfce4/xfconf/xfce-perchannel-xml
  if [[ $SCHEME == dark ]]; then theme=Adwaita-dark dark=true; fi
  mkdir -p "$folder"
  cat > "$folder/xsettings.xml" <<XML
<channel name="xsettings" version="1.0">
  <property name="Net" type="empty">
    <property name="ThemeName" type="string" value="$theme"/>
    <property name="IconThemeName" type="string" value="Adwaita"/>
  </property>
  <property name="Gdk" type="empty"><property name="WindowScalingFactor" type="int" value="$SCALE"/></property>
  <property name="Gtk" type="empty"><property name="FontName" type="string" value="DejaVu Sans 10"/></property>
</channel>
XML
  # The tray at the left end, so that the menu has room on the picture.
  cat > "$folder/xfce4-panel.xml" <<XML
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="$dark"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=8;x=550;y=740"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="30"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
XML
  export GDK_SCALE=$SCALE # from the start: the panel does not move to its edge when the scale changes later
  xfsettingsd --daemon
  xfwm4 --compositor=off &
  "$(ls /usr/lib/*/xfce4/notifyd/xfce4-notifyd /usr/libexec/xfce4-notifyd 2> /dev/null | head -1)" &
  xfce4-panel --disable-wm-check &
}
stop_notifications() { xfconf-query -c xfce4-notifyd -p /do-not-disturb -n -t bool -s true; }
