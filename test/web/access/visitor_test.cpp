#include "web/access/visitor.hpp"

#include <catch2/catch.hpp>

#include "samoyed/io/digest.hpp"

namespace samoyed::web {
namespace {

const std::string id = "0123456789abcdef0123456789abcdef";
const std::string other_id(32, 'f');
const VisitorCookies cookies("the key");

std::string signed_by(const std::string& key, const std::string& text) {
  return text + "." + io::signature_hex(key, text);
}

Fields cookie(const std::string& value, const std::string& name = "samoyed_visitor") {
  return {{"Cookie", "a=b; " + name + "=" + value}};
}

TEST_CASE("a visitor is identified by the cookie that was issued, and stored as a digest") {
  const CookieVisitor issued = cookies.issue();
  CHECK(issued.visitor == io::digest_hex(issued.new_cookie.substr(0, 32)));
  CHECK(issued.visitor != issued.new_cookie.substr(0, 32));
  CHECK(issued.new_cookie != cookies.issue().new_cookie);
  const auto found = cookies.find(cookie(issued.new_cookie), false);
  REQUIRE(found);
  CHECK(found->visitor == issued.visitor);
  CHECK(found->new_cookie.empty());
  CHECK(found->trust == CookieTrust::good);
}

TEST_CASE("an id with a wrong signature counts as none") {
  const std::string bad =
      GENERATE(signed_by("another key", id), id + "." + std::string(32, '0'), id + ".",
               signed_by("the key", id) + "0", signed_by("the key", id.substr(1)), std::string("."),
               signed_by("the key", "address 192.0.2.1"));
  INFO(bad);
  CHECK(!cookies.find(cookie(bad), false));
  CHECK(!cookies.find({}, false));
}

TEST_CASE("an unsigned id is left to the history") {
  const auto found = cookies.find(cookie(id), false);
  REQUIRE(found);
  CHECK(found->trust == CookieTrust::unsigned_id);
  CHECK(found->visitor == io::digest_hex(id));
  CHECK(found->new_cookie.empty());
  for (const char* const bad : {"", "-", "0123456789ABCDEF0123456789ABCDEF", "0123"}) {
    CHECK(!cookies.find(cookie(bad), false));
  }
  // A signed id goes before an unsigned one.
  CHECK(cookies
            .find({{"Cookie", "samoyed_visitor=" + other_id},
                   {"cookie", "samoyed_visitor=" + signed_by("the key", id)}},
                  false)
            ->visitor == io::digest_hex(id));
}

TEST_CASE("over HTTPS only the secure cookie is trusted, which others can't have set over HTTP") {
  const std::string value = signed_by("the key", id);
  const auto secure = cookies.find(cookie(value, "__Secure-samoyed_visitor"), true);
  REQUIRE(secure);
  CHECK(secure->trust == CookieTrust::good);
  const auto plain = cookies.find(cookie(value), true);
  REQUIRE(plain);
  CHECK(plain->trust == CookieTrust::unencrypted);
  CHECK(cookies.find(cookie(value), false)->trust == CookieTrust::good);
  CHECK(cookies.find(cookie(id), true)->trust == CookieTrust::unsigned_id);
  CHECK(!cookies.find(cookie(value, "__Secure-samoyed_visitor"), false));
  CHECK(cookies
            .find({{"Cookie", "samoyed_visitor=" + signed_by("the key", other_id)},
                   {"Cookie", "__Secure-samoyed_visitor=" + value}},
                  true)
            ->visitor == io::digest_hex(id));
}

TEST_CASE("without a key, no cookie is recognized") {
  const VisitorCookies keyless("");
  CHECK(!keyless.enabled());
  CHECK(!keyless.find(cookie(signed_by("", id)), false));
  CHECK(!keyless.find(cookie(id), false));
}

TEST_CASE("the cookie lasts a year and is hidden from scripts and other sites' forms") {
  CHECK(keep_visitor(id, false).value ==
        "samoyed_visitor=" + id + "; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000");
  CHECK(keep_visitor(id, true).value == "__Secure-samoyed_visitor=" + id +
                                            "; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000; "
                                            "Secure");
}

}  // namespace
}  // namespace samoyed::web
