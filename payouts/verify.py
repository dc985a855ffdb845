"""(verify)"""
