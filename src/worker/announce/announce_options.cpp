#include "worker/announce/announce_options.hpp"

#include <algorithm>

#include "samoyed/protocol/address.hpp"

namespace samoyed::worker {
namespace {

constexpr std::size_t url_length_max = 2048;

bool belongs_in_url(char character) {
  return character > ' ' && character < '\x7f' &&
         std::string_view("\"<>\\^`{|}?#@").find(character) == std::string_view::npos;
}

}  // namespace

std::optional<std::string> parse_dispatcher_url(std::string_view text) {
  if (text.size() > url_length_max || !std::ranges::all_of(text, belongs_in_url)) return {};
  while (text.ends_with('/')) text.remove_suffix(1);
  std::string_view rest = text;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else {
    return {};
  }
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (!protocol::parse_address(authority) && !protocol::parse_host(authority)) return {};
  return std::string(text);
}

}  // namespace samoyed::worker
