"""What a person is told of the messages: state, reason, faults, limits, silence. Pure.

The page and the terminal show the same box, so what they say of it is decided here, and every word
of it stands here once; they differ in how it is laid out. `facts` is what was heard; `silence` says
who is not heard, `state` what the box does and what is wrong with it, `charge` the contactor and
the session, `limits` who limits the current, `meters` the meters, `front` the lights.
"""
