#!/bin/sh
# Runs workerd, and ends it when nobody holds the lifeline open for writing any more: when its launcher is gone, however
# that came about. The process id of this shell is workerd's from `exec` on, unless workerd has ended by then.
(
  read -r _ <"$LIFELINE"
  case "$(cat /proc/$$/cmdline || ps -o command= -p $$)" in *"$WORKERD"*) kill -KILL $$ ;; esac
) <&- >&- 2>&- 3>&- &
exec "$WORKERD" "$@"
