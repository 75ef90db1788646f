#pragma once

#include <optional>
#include <string>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

/// Returns what is wrong with the bytes of a zip archive that torch wrote; `std::nullopt` if it is
/// intact.
///
/// Made for model files: LibTorch is built without CRC-32 checking, so flipped bits would silently
/// become weights, or worse. Every entry must be stored or deflated (torch.jit.save deflates code;
/// deflated entries may inflate to 64 MiB in total), must lie inside the file, and must match its
/// CRC-32 (0 means that none was computed). Layout: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7,
/// 4.3.12 and 4.3.16. zip64 is not supported; files below 4 GiB don't need it.
std::optional<std::string> find_zip_damage(Bytes archive);

/// Whether the bytes are a TorchScript archive that torch.jit.save wrote, judged by the names of
/// its entries: a plain model file contains neither code nor constants.
bool is_torchscript(Bytes archive);

}  // namespace samoyed::worker
