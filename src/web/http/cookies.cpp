#include "web/http/cookies.hpp"

#include <algorithm>

namespace samoyed::web {

std::vector<std::string_view> cookie_values(const Fields& fields, std::string_view name) {
  std::vector<std::string_view> values;
  for (const Field& field : fields) {
    if (!equal_ignoring_case(field.name, "Cookie")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (pair.substr(0, equals) != name || equals == pair.npos) continue;
      values.push_back(pair.substr(equals + 1));
    }
  }
  return values;
}

std::string secure_cookie_name(std::string_view name) { return "__Secure-" + std::string(name); }

Field set_cookie(std::string_view name, std::string_view value, std::string_view attributes,
                 bool https) {
  return {"Set-Cookie", (https ? secure_cookie_name(name) : std::string(name)) + "=" +
                            std::string(value) + "; Path=/; HttpOnly" + std::string(attributes) +
                            (https ? "; Secure" : "")};
}

}  // namespace samoyed::web
