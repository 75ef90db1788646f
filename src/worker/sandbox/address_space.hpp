#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace samoyed::worker {

/// Returns the limit of this process's address space in bytes (RLIMIT_AS), if there is one.
std::optional<std::uint64_t> address_space_max();

/// Returns the bytes of address space that this process uses, or 0 if /proc can't be read.
std::uint64_t address_space_used();

/// Returns what to tell an operator if a limit of the address space is too low.
std::string address_space_text(std::uint64_t limit_bytes);

}  // namespace samoyed::worker
