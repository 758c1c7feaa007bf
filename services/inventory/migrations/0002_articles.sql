-- The articles of the sample shop. The last two are scarce on purpose: ordering them shows a cancellation.
INSERT INTO stock (sku, name, on_hand) VALUES
    ('BEANS-DARK-500',  'Dark roast, 500 g',        9000),
    ('BEANS-DECAF-500', 'Decaf roast, 500 g',       4000),
    ('BEANS-LIGHT-500', 'Light roast, 500 g',       9000),
    ('CUP-ESPRESSO',    'Espresso cup',             8000),
    ('FILTER-PAPER-100','Paper filters, 100',       9500),
    ('FRENCH-PRESS-1L', 'French press, 1 l',        3000),
    ('GRINDER-HAND',    'Hand grinder',             2500),
    ('KETTLE-GOOSE',    'Gooseneck kettle',         2000),
    ('MUG-STONEWARE',   'Stoneware mug',            8000),
    ('SCALE-01G',       'Scale, 0.1 g',             2500),
    ('GRINDER-VINTAGE', 'Vintage grinder, restored',   3),
    ('LEVER-MACHINE',   'Lever espresso machine',     12);
