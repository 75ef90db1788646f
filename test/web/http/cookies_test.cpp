#include "web/http/cookies.hpp"

#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

TEST_CASE("a cookie's values are found by its whole name, in every field and place") {
  const Fields fields{{"Cookie", "id2=a; xid=b;id=c; id; id=d=e"}, {"cookie", " id=f "}};
  CHECK(cookie_values(fields, "id") == std::vector<std::string_view>{"c", "d=e", "f"});
  CHECK(cookie_values(fields, "i").empty());
}

TEST_CASE("a cookie over HTTPS is never sent over HTTP") {
  const Field plain = set_cookie("id", "v", "; SameSite=Lax", false);
  CHECK(plain.name == "Set-Cookie");
  CHECK(plain.value == "id=v; Path=/; HttpOnly; SameSite=Lax");
  CHECK(set_cookie("id", "v", "; SameSite=Lax", true).value ==
        "__Secure-id=v; Path=/; HttpOnly; SameSite=Lax; Secure");
}

}  // namespace
}  // namespace samoyed::web
