"""A whole on-sale in virtual time: the pure rules of the waiting room, a crowd made from one seed, and checks of what came of it."""
