#include "dispatcher/libpq/store_url.hpp"

#include <catch2/catch.hpp>

using Catch::Matchers::Contains;
using samoyed::dispatcher::postgres::check_store_url;

TEST_CASE("a URL of PostgreSQL is accepted, and anything else is refused") {
  for (const char* url : {"postgresql://", "postgres://host/db", "postgresql://me@host:5433/db",
                          "postgresql://a,b:5433/db?target_session_attrs=any",
                          "postgresql:///db?host=/run/postgresql", "postgresql://[::1]/db"}) {
    CHECK_NOTHROW(check_store_url(url));
  }
  for (const char* url : {"", "/srv/samoyed", "mysql://host/db", "host=a dbname=b"}) {
    CHECK_THROWS_WITH(check_store_url(url), Contains("postgresql://HOST/DATABASE"));
  }
  CHECK_THROWS_WITH(check_store_url("postgresql://host/db?no=1"), Contains("can't read"));
}

TEST_CASE("a URL with a password is refused without repeating the password") {
  for (const char* url :
       {"postgresql://me:secret@host/db", "postgres://:secret@/",
        "postgresql://me:se/secret@host/db", "postgresql://host/db?password=secret",
        "postgresql:///db?sslpassword=secret"}) {
    CHECK_THROWS_WITH(check_store_url(url), Contains("PGPASSFILE") && !Contains("secret"));
  }
}
