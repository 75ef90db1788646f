#include "web/access/visitor.hpp"

#include <algorithm>

#include "samoyed/io/digest.hpp"
#include "samoyed/io/random.hpp"
#include "web/access/admin_gate.hpp"
#include "web/http/cookies.hpp"

namespace samoyed::web {
namespace {

/// 128 bits in hexadecimal.
constexpr std::size_t id_length = 2 * io::id_bytes;

bool is_id(std::string_view text) {
  return text.size() == id_length && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string_view id_of(std::string_view cookie) { return cookie.substr(0, id_length); }

std::string digest_of(std::string_view cookie) { return io::digest_hex(id_of(cookie)); }

}  // namespace

std::string VisitorCookies::sign(std::string_view id) const {
  return std::string(id) + "." + io::signature_hex(key_, id);
}

bool VisitorCookies::is_issued(std::string_view value) const {
  return is_id(id_of(value)) && equal_in_constant_time(value, sign(id_of(value)));
}

std::optional<CookieVisitor> VisitorCookies::find(const Fields& fields, bool https) const {
  if (!enabled()) return std::nullopt;
  const auto issued = [this](std::string_view value) { return is_issued(value); };
  if (https) {
    const auto secure = cookie_values(fields, secure_cookie_name(visitor_cookie));
    const auto found = std::ranges::find_if(secure, issued);
    if (found != secure.end()) return CookieVisitor{digest_of(*found)};
  }
  const auto plain = cookie_values(fields, visitor_cookie);
  const auto found = std::ranges::find_if(plain, issued);
  if (found != plain.end()) {
    const auto trust = https ? CookieTrust::unencrypted : CookieTrust::good;
    return CookieVisitor{.visitor = digest_of(*found), .trust = trust};
  }
  const auto former = std::ranges::find_if(plain, is_id);
  if (former == plain.end()) return std::nullopt;
  return CookieVisitor{.visitor = digest_of(*former), .trust = CookieTrust::unsigned_id};
}

CookieVisitor VisitorCookies::issue() const {
  const std::string id = io::random_hex(io::id_bytes);
  return {digest_of(id), sign(id)};
}

Field keep_visitor(std::string_view cookie, bool https) {
  return set_cookie(visitor_cookie, cookie, "; SameSite=Lax; Max-Age=31536000", https);
}

}  // namespace samoyed::web
