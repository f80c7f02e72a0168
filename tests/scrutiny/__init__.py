"""Do we believe it?"""
