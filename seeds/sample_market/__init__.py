"""The sample market: real names and codes of well-known ETFs and stocks, with invented figures."""

from seeds.sample_market.market import SampleMarket, generate

__all__ = ["SampleMarket", "generate", "write_csv"]


def write_csv(directory, *, compressed: bool = False):
    """Generate the sample market and write it into `directory` in the tidy format; returns the paths."""
    return generate().write_csv(directory, compressed=compressed)
