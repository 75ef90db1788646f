#include "dispatcher/libpq/store_url.hpp"

#include <libpq-fe.h>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace samoyed::dispatcher::postgres {
namespace {

constexpr std::string_view advice =
    "the store's URL holds a password, which other users of this machine could read: remove it "
    "there, and put it into ~/.pgpass or the file that the variable PGPASSFILE names";

/// Looks at the text, because a password with an unescaped character makes the URL unreadable.
bool seems_to_hold_password(std::string_view url, std::size_t scheme_size) {
  url.remove_prefix(scheme_size);
  const std::size_t at = url.rfind('@');
  return at != url.npos && url.substr(0, at).find(':') != url.npos;
}

}  // namespace

void check_store_url(const std::string& url) {
  std::size_t scheme_size = 0;
  for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (url.starts_with(scheme)) scheme_size = scheme.size();
  }
  if (scheme_size == 0) {
    throw std::runtime_error("\"" + url +
                             "\" is no store; expected a URL such as postgresql://HOST/DATABASE");
  }
  if (seems_to_hold_password(url, scheme_size)) throw std::runtime_error(std::string(advice));
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &message), PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> free_message(message, PQfreemem);
  if (!options) {
    std::string why(message ? message : "out of memory");
    if (const auto end = why.find('\n'); end != why.npos) why.resize(end);
    throw std::runtime_error("can't read the store's URL: " + why);
  }
  for (const PQconninfoOption* option = options.get(); option->keyword; ++option) {
    const std::string_view keyword(option->keyword);
    const bool secret = keyword == "password" || keyword == "sslpassword";
    if (secret && option->val) throw std::runtime_error(std::string(advice));
  }
}

}  // namespace samoyed::dispatcher::postgres
