"""Alerts: a rule and a channel; one message for each time the rule becomes true.

alert        what an owner asks for, checked
past         the rule on the last days: how often it would have fired
episode      when a truth becomes an event: hysteresis and cooldown
watch        the rules on the grid of moments, up to the head
book         SQLite: alerts, how far each was evaluated, the outbox
delivery     from the outbox to the channel, with patience
destination · webhook · signing · message · apprised      the two kinds of channel
desk         create, list, get, delete, test, for one owner
"""
