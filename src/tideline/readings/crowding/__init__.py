"""R4: crowding and leverage. Anomalies are asked of the CHANGE of open interest, never its level.

funding    open interest up: with funding rising, flat or extreme
pace       how fast the book grows or shrinks, in a day, a week, five days
leverage   against the coin's market value, against spot, against volume
"""
