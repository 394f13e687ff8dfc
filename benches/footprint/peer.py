#!/usr/bin/env python3
"""The tray that people write: AppIndicator, GTK 3 and urllib, here as a yardstick.

peer.py CLAUDE_URL CODEX_URL TOKEN...
"""
import json
import sys
import urllib.request

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("AyatanaAppIndicator3", "0.1")
from gi.repository import AyatanaAppIndicator3 as AppIndicator, GLib, Gtk  # noqa: E402

claude, codex, *tokens = sys.argv[1:]


def used(token):
    url = claude if token.startswith("claude") else codex
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=15) as answer:
        usage = json.load(answer)
    if "five_hour" in usage:
        return max(usage["five_hour"]["utilization"], usage["seven_day"]["utilization"])
    return usage["rate_limit"]["primary_window"]["used_percent"]


def refresh(*_):
    for token, row in rows.items():
        row.set_label(f"{token} — {100 - used(token):.0f}% left")
    return True


menu = Gtk.Menu()
rows = {token: Gtk.MenuItem(label=token) for token in tokens}
button = Gtk.MenuItem(label="Refresh now")
button.connect("activate", refresh)
for item in [*rows.values(), button]:
    menu.append(item)
menu.show_all()
indicator = AppIndicator.Indicator.new(
    "peer", "dialog-information", AppIndicator.IndicatorCategory.APPLICATION_STATUS
)
indicator.set_status(AppIndicator.IndicatorStatus.ACTIVE)
indicator.set_menu(menu)
GLib.idle_add(lambda: refresh() and False)
GLib.timeout_add_seconds(300, refresh)
Gtk.main()
