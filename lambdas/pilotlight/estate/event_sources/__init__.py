"""What starts an application's functions by itself, in either region: mappings, rules and schedules, on or off."""
