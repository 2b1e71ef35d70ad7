# Numbers by name, for every program: TorchProgram puts each in the place of its name, outside comments and texts.

# Types of numbers, as torch numbers them.
UINT8 = 0
INT64 = 4
FLOAT32 = 6
FLOAT64 = 7
BFLOAT16 = 15

# A memory format: the channels of a place beside each other.
CHANNELS_LAST = 2

# What a layer of a transformer attends to, in the order of AttentionPattern.
FULL = 0
ROW = 1
COLUMN = 2
CONVOLUTION = 3
OWN_ROW = 4
CORNER = 5
AROUND = 6

# How far the convolution reaches up, left and right, the corner up and left, and the square around a token.
REACH = 5
CORNER_REACH = 4
AROUND_REACH = 2

# Numbers of a head, and what its scores are multiplied by: one over the square root.
HEAD_WIDTH = 64
HEAD_SCALE = 0.125

# Up to so many positions attention in bfloat16 computes every score on a processor, and above has libtorch's fused
# kernel. That one multiplies by MKL, which uses the bfloat16 units of Intel's processors and of no others.
SCORED_POSITIONS = 192
SCORED_POSITIONS_AMD = 640

# Rows that share the keys and values of their caption's text.
GROUP = 8

# Slots by which the caches of keys and values grow on processors.
GROWTH = 32

# Speculative decoding sees a multiple of so many slots: sums over other numbers of them are rounded otherwise, since
# libtorch takes the rest one by one.
SLOTS = 16

# Where the layout of a DALLE-pytorch transformer says what its layers have.
SHIFTED = -3
STABLE = -2
REVERSIBLE = -1

# Phases of the dVAE's training.
GAUSSIAN = 0
RELAXED = 1
DECODER_ALONE = 2

# Keeps mapped pixels, and so the logit-Laplace density, away from the ends of (0, 1): eps in openai/DALL-E.
LOGIT_LAPLACE_EPS = 0.1

# What the squared error counts in the upscaler's training beside the absolute one.
SQUARED_ERROR_WEIGHT = 4.

LN_2 = 0.6931471805599453
