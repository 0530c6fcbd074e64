"""The compiled part of the simulator: plain functions over arrays of records, a file per idea.

Time advances from event to event. At one instant departures and starts that end go first, then pending requests that
run out of time, instances that expire, the autoscaler, and arrivals last. Two times within a nanosecond are one
instant, so that 0.1 + 0.2 meets 0.3.

State is handed in and kept by the caller, so that a run can stop when it needs more arrivals or more room, and go on
where it was.
"""
