"""(demo)"""
