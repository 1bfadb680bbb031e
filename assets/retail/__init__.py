"""The retail example: daily grocery sales, and a forecast of the next seven days by department."""
