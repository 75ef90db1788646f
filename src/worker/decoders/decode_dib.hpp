#pragma once

#include "worker/decoders/decoders.hpp"

namespace samoyed::worker {

/// Decodes a bitmap without a BMP's file header, as icons contain it. With `has_mask` its height
/// counts the rows of an AND mask that follows the pixels; the mask is ignored, as all alpha is.
RawResult decode_bitmap(Bytes bitmap, bool has_mask, const DecodeLimits& limits,
                        const DecodeOptions& options);

}  // namespace samoyed::worker
