#!/usr/bin/python3
"""Drills: what clients notice of reloads, killed processes, sick endpoints.

  make drill                     all of them
  make drill DRILL='reload idle' some

Each prints what it did and what it counted; none has a pass mark, except that
a figure that must be zero and is not makes the exit code 1. Loopback only,
bounded in count and time.
"""
import asyncio
import sys

import drill_attack
import drill_auth
import drill_balance
import drill_breaker
import drill_explain
import drill_faults
import drill_health
import drill_identity
import drill_kit
import drill_limits
import drill_lines
import drill_overload
import drill_protect
import drill_record
import drill_refused
import drill_reload
import drill_retry
import drill_secure
import drill_shed
import drill_telemetry
import drill_tunnel

DRILLS = {**drill_explain.DRILLS, **drill_reload.DRILLS, **drill_balance.DRILLS,
          **drill_attack.DRILLS, **drill_health.DRILLS, **drill_faults.DRILLS,
          **drill_tunnel.DRILLS, **drill_secure.DRILLS,
          **drill_identity.DRILLS, **drill_auth.DRILLS,
          **drill_limits.DRILLS, **drill_refused.DRILLS,
          **drill_breaker.DRILLS, **drill_overload.DRILLS,
          **drill_retry.DRILLS, **drill_shed.DRILLS,
          **drill_protect.DRILLS, **drill_telemetry.DRILLS,
          **drill_lines.DRILLS, **drill_record.DRILLS}


def main():
    for name in sys.argv[1:] or DRILLS:
        asyncio.run(DRILLS[name]())
    for line in drill_kit.BAD:
        drill_kit.say('NOT ZERO', line)
    return 1 if drill_kit.BAD else 0


if __name__ == '__main__':
    sys.exit(main())
