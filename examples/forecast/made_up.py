"""Four years of made-up daily temperatures: a yearly wave, and weather that lasts some days."""

from datetime import date, timedelta

import numpy as np


def main() -> None:
    days = 1461
    noise = np.random.default_rng(1).normal(size=days + 30)
    weather = np.convolve(noise, 0.6 ** np.arange(12))[30 : days + 30]
    wave = 11 + 4 * np.cos(2 * np.pi * np.arange(days) / 365.25)
    print("Date,Temp")
    for n, value in enumerate(wave + 2 * weather):
        print(f"{date(2001, 1, 1) + timedelta(n)},{value:.1f}")


if __name__ == "__main__":
    main()
