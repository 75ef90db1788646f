#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// The cookie that identifies a visitor's results. It holds a random id and its signature, and the
/// browser keeps it for a year. Over HTTPS its name begins with `__Secure-`, so that nothing that
/// was sent unencrypted can replace it.
inline constexpr std::string_view visitor_cookie = "samoyed_visitor";

/// Stands for a visitor who sends no cookie and gets none. No row belongs to it.
inline constexpr std::string_view no_visitor = "-";

/// How far the cookie of a visitor is trusted.
enum class CookieTrust {
  good,         ///< This server issued it.
  unencrypted,  ///< It came over HTTPS, but is that of unencrypted connections. Anyone between the
                ///< browser and the server may have set it, to see later what the visitor does.
  unsigned_id,  ///< From a version that didn't sign ids. Only the history knows whether it was
                ///< issued, and others may know it.
};

/// A visitor who has, or gets, a cookie.
struct CookieVisitor {
  /// The owner of the visitor's results: a digest of the id in the cookie. The history holds only
  /// the digest, so nobody who reads it can act as the visitor.
  std::string visitor;
  /// The cookie's value that the browser should get now. Empty unless the visitor is new.
  std::string new_cookie = {};
  /// Unless it is good, the visitor must get a new id, which may adopt what belongs to this one.
  CookieTrust trust = CookieTrust::good;
};

/// Issues the cookies of visitors, and recognizes those that it issued.
///
/// Not thread-safe: use from one thread.
class VisitorCookies {
 public:
  /// `key` signs the ids. If it is empty, no cookie is issued or recognized.
  explicit VisitorCookies(std::string key) : key_(std::move(key)) {}

  void set_key(std::string key) { key_ = std::move(key); }
  bool enabled() const { return !key_.empty(); }

  /// Returns the visitor whom a request's cookies name, or std::nullopt. The most trusted cookie
  /// counts.
  std::optional<CookieVisitor> find(const Fields& fields, bool https) const;

  /// Returns a new visitor. `enabled()` must be true.
  CookieVisitor issue() const;

 private:
  std::string sign(std::string_view id) const;
  bool is_issued(std::string_view value) const;

  std::string key_;
};

/// Returns the field that makes a browser keep the cookie.
Field keep_visitor(std::string_view cookie, bool https);

}  // namespace samoyed::web
