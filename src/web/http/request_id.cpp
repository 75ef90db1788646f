#include "web/http/request_id.hpp"

#include <algorithm>

namespace samoyed::web {

bool is_request_id(std::string_view text) {
  constexpr std::string_view refused = "\"'`\\<>";
  return !text.empty() && text.size() <= request_id_length_max &&
         std::ranges::all_of(text, [&](char c) {
           return c > ' ' && c < '\x7f' && refused.find(c) == refused.npos;
         });
}

}  // namespace samoyed::web
