# A spell in Python that asks its library for all that WASI could tell.

import json
import math
import random
import time

name = "Standard in Python"
description = "Asks the library of MicroPython."

# What a module keeps is there in every call, as it was when the component was made.
calls = 0


def cast(context):
    global calls
    calls += 1
    print("wall", time.time_ns())
    print("chance", random.random(), "random", chance())
    print("calls", calls, json.dumps({"squares": [x * x for x in range(8)], "root": math.sqrt(2)}))
    try:
        print(open("/etc/passwd").read())
    except OSError as error:
        print("file", error)
    if context.target[1] > 500:
        raise ValueError("aimed beyond the sky")
    fill_sphere(context.target, 1, 1)


# The event by its number in the contract, and the first that it holds.
def on_event(context, event, first):
    pass
