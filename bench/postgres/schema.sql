-- A purchase as one transaction of one stored procedure. psql variables: accounts, campaigns.
-- Rows that are updated leave room in their page, so that PostgreSQL can update them in place of an index entry (HOT).
CREATE TABLE accounts (
  account     integer PRIMARY KEY,
  balance_sat bigint NOT NULL CHECK (balance_sat >= 0)
) WITH (fillfactor = 70);

CREATE TABLE campaigns (
  campaign       integer PRIMARY KEY,
  seller         integer NOT NULL,
  slots          integer NOT NULL DEFAULT 0,
  last_price_sat bigint NOT NULL DEFAULT 100,
  earned_sat     bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE slots (
  campaign  integer NOT NULL,
  number    integer NOT NULL,
  buyer     integer NOT NULL,
  price_sat bigint NOT NULL,
  bought_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (campaign, number)
);

CREATE TABLE receipts (
  receipt   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  campaign  integer NOT NULL,
  number    integer NOT NULL,
  buyer     integer NOT NULL,
  seller    integer NOT NULL,
  price_sat bigint NOT NULL,
  at        timestamptz NOT NULL DEFAULT now()
);

INSERT INTO accounts SELECT a, 1000000000 FROM generate_series(1, :accounts) AS a;
INSERT INTO campaigns (campaign, seller)
  SELECT c, 1 + (c::bigint * 6151) % :accounts FROM generate_series(1, :campaigns) AS c;

-- Buys the campaign's next slot. The number of the slot, or NULL if the buyer cannot have it.
-- Every purchase locks the campaign first and then both accounts in the order of their keys: no deadlock.
CREATE FUNCTION purchase(the_buyer integer, the_campaign integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  offer  campaigns%ROWTYPE;
  price  bigint;
  funds  bigint;
BEGIN
  SELECT * INTO offer FROM campaigns WHERE campaign = the_campaign FOR UPDATE;
  IF NOT FOUND OR offer.seller = the_buyer THEN
    RETURN NULL;
  END IF;
  -- The price moves with every sale and stays in bounds, so that a long run does not empty the accounts.
  price := 100 + (offer.last_price_sat + 7) % 900;

  PERFORM account FROM accounts WHERE account IN (the_buyer, offer.seller) ORDER BY account FOR NO KEY UPDATE;
  SELECT balance_sat INTO funds FROM accounts WHERE account = the_buyer;
  IF funds IS NULL OR funds < price THEN
    RETURN NULL;
  END IF;

  INSERT INTO slots (campaign, number, buyer, price_sat) VALUES (the_campaign, offer.slots + 1, the_buyer, price);
  INSERT INTO receipts (campaign, number, buyer, seller, price_sat)
    VALUES (the_campaign, offer.slots + 1, the_buyer, offer.seller, price);
  UPDATE accounts SET balance_sat = balance_sat - price WHERE account = the_buyer;
  UPDATE accounts SET balance_sat = balance_sat + price WHERE account = offer.seller;
  UPDATE campaigns SET slots = offer.slots + 1, last_price_sat = price, earned_sat = earned_sat + price
    WHERE campaign = the_campaign;
  RETURN offer.slots + 1;
END
$$;

-- Whether the books are sound: no money made or lost, every slot numbered and paid once.
CREATE FUNCTION books_are_sound(account_count bigint) RETURNS boolean LANGUAGE sql AS $$
  SELECT (SELECT sum(balance_sat) FROM accounts) = account_count * 1000000000
     AND (SELECT sum(slots) FROM campaigns) = (SELECT count(*) FROM slots)
     AND (SELECT count(*) FROM slots) = (SELECT count(*) FROM receipts)
     AND (SELECT sum(earned_sat) FROM campaigns) = (SELECT coalesce(sum(price_sat), 0) FROM slots)
$$;
