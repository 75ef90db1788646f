#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace samoyed::worker {

/// Longest header of a request for metrics.
inline constexpr std::size_t scrape_header_bytes_max = std::size_t{8} << 10;

/// The whole HTTP response to a request whose first bytes are `received`, after which the
/// connection is to be closed; `std::nullopt` while the request's header is incomplete. `metrics`
/// is called for a GET of /metrics only. Errors: not HTTP/1 (400), other paths (404), other methods
/// (405), a header of more than scrape_header_bytes_max (431). Pure but for that call.
std::optional<std::string> answer_scrape(std::string_view received,
                                         const std::function<std::string()>& metrics);

}  // namespace samoyed::worker
