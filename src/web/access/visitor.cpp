#include "web/access/visitor.hpp"

#include <algorithm>

#include "web/http/cookies.hpp"

namespace samoyed::web {
namespace {

/// 128 bits in hexadecimal.
constexpr std::size_t visitor_length = 32;

bool is_visitor(std::string_view id) {
  return id.size() == visitor_length && std::ranges::all_of(id, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

std::optional<std::string> find_visitor(const Fields& fields) {
  for (const std::string_view id : cookie_values(fields, visitor_cookie)) {
    if (is_visitor(id)) return std::string(id);
  }
  return std::nullopt;
}

Field keep_visitor(std::string_view id, bool https) {
  return {"Set-Cookie", std::string(visitor_cookie) + "=" + std::string(id) +
                            "; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000" +
                            (https ? "; Secure" : "")};
}

}  // namespace samoyed::web
