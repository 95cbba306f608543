def main(settings, city):
    return 0
