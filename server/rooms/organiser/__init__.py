"""The organiser's side of a waiting room: set it up, rehearse, watch, steer, and judge what the door doubted."""
