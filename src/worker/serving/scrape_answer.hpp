#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace samoyed::worker {

/// Maximum size in bytes of the header of a request for metrics.
inline constexpr std::size_t scrape_header_bytes_max = std::size_t{8} << 10;

/// Returns the whole HTTP response to a request that begins with the bytes `received`, or
/// `std::nullopt` while the request's header is incomplete. The caller sends the response and then
/// closes the connection. `metrics` is called only for a GET of /metrics. Error responses: not
/// HTTP/1 (400), other paths (404), other methods (405), a header of more than
/// scrape_header_bytes_max (431). A pure function except for the call of `metrics`.
std::optional<std::string> answer_scrape(std::string_view received,
                                         const std::function<std::string()>& metrics);

}  // namespace samoyed::worker
