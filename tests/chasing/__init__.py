"""Who has not answered?"""
