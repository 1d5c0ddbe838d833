\set buyer random(1, :accounts)
\set campaign random(1, :campaigns)
SELECT purchase(:buyer, :campaign);
