#include "web/routes/guards.hpp"

#include <catch2/catch.hpp>

#include "web/http/response_bytes.hpp"
#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

using dispatcher::Failure;
using dispatcher::FailureReason;
using test::count_of;
using test::HandlerFixture;
using Verdict = AdminGate::Verdict;

struct GuardedTest : HandlerFixture {
  GuardedTest() : HandlerFixture("secret") {
    workers.add({"hidden-worker", 8888});
    context.admin = Verdict::missing;
  }

  Verdict check(const Fields& fields) {
    return gate.check(fields, "client", context.now, context.time_ms).verdict;
  }

  Response sign_in(const std::string& body, Fields fields = {}) {
    fields.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    return respond({"POST", "/sign-in", 11, std::move(fields), body});
  }
};

std::string reason_of(const Response& response) {
  return std::string(find_field(response.fields, "Samoyed-Reason"));
}

const Fields cross_site = {{"Sec-Fetch-Site", "cross-site"}};
const std::string evil = "\"><script>alert('1')</script>&";

TEST_CASE_METHOD(HandlerFixture, "every kind of response carries the security fields") {
  std::vector<Response> responses;
  for (const std::string target :
       {"/", "/nowhere", "/add/localhost:1", "/add/203.0.113.7:1", "/add/nonsense",
        "/add?address=localhost:1", "/del/localhost:1", "/del/localhost:2", "/assets/style.css",
        "/assets/app.js", "/assets/icon.svg", "/assets/none", "/favicon.ico", "/healthz",
        "/readyz"}) {
    responses.push_back(get(target));
  }
  const std::string tag(find_field(get("/assets/app.js").fields, "ETag"));
  responses.push_back(respond({"GET", "/assets/app.js", 11, {{"If-None-Match", tag}}, {}}));
  responses.push_back(respond({"PUT", "/", 11, {}, {}}));
  responses.push_back(respond({"BREW", "/", 11, {}, {}}));
  responses.push_back(respond({"POST", "/", 11, {}, {}}));
  responses.push_back(respond({"POST", "/", 11, cross_site, {}}));
  responses.push_back(respond({"GET", "/", 11, {{"Host", "evil.example"}}, {}}));
  responses.push_back(respond({"POST", "/sign-out", 11, {}, {}}));
  responses.push_back(respond(upload("name=picture", "abc")));
  responses.push_back(*rejection({"GET", "/nowhere", 11, {}, {}}));
  responses.push_back(answer_to(dispatcher::Answer{}));
  responses.push_back(answer_to(Failure{FailureReason::deadline, {}}));
  responses.push_back(anonymous_error({Reason::bad_request, "No."}));
  for (const Response& response : responses) {
    INFO(response.status << ' ' << response.body.substr(0, 80));
    const std::string header = header_bytes(response, 11, true, {});
    for (const auto& [name, value] :
         std::vector<Field>{{"Content-Security-Policy", std::string(content_security_policy)},
                            {"X-Content-Type-Options", "nosniff"},
                            {"Referrer-Policy", "same-origin"},
                            {"Cross-Origin-Resource-Policy", "same-origin"}}) {
      CHECK(count_of(header, "\r\n" + name + ": ") == 1);
      CHECK(count_of(header, "\r\n" + name + ": " + value + "\r\n") == 1);
    }
    CHECK(!find_field(response.fields, "Cache-Control").empty());
    CHECK(count_of(response.body, "<script") == count_of(response.body, "<script src=\"/assets/"));
    CHECK(reason_of(response).empty() == (response.status < 400));
  }
}

TEST_CASE("the Content-Security-Policy allows no inline script and no frame") {
  CHECK(content_security_policy.find("unsafe") == std::string_view::npos);
  CHECK(content_security_policy.find("default-src 'none'") != std::string_view::npos);
  CHECK(content_security_policy.find("frame-ancestors 'none'") != std::string_view::npos);
}

TEST_CASE_METHOD(HandlerFixture,
                 "every failure carries its reason, and Retry-After if it may pass") {
  struct Case {
    FailureReason failure;
    std::string reason;
    std::string retry_after;
  };
  const auto one = GENERATE(values<Case>({
      {FailureReason::no_active_worker, "no_active_worker", "2"},
      {FailureReason::all_busy, "all_busy", "2"},
      {FailureReason::no_resources, "no_resources", "2"},
      {FailureReason::deadline, "deadline", ""},
      {FailureReason::workers_closed, "workers_closed", ""},
      {FailureReason::refused, "unrecognisable", ""},
  }));
  const Response response = answer_to(Failure{one.failure, {}});
  CHECK(reason_of(response) == one.reason);
  CHECK(find_field(response.fields, "Retry-After") == one.retry_after);
  CHECK(find_field(anonymous_error({Reason::client_limit, ""}).fields, "Retry-After") == "2");
  CHECK(find_field(anonymous_error({Reason::overloaded, ""}).fields, "Retry-After") == "2");
}

TEST_CASE_METHOD(HandlerFixture, "only probes may use another host name") {
  workers.add({"hidden-worker", 8888});
  const auto ask = [&](const std::string& method, const std::string& target) {
    return respond({method, target, 11, {{"Host", "evil.example"}}, {}});
  };
  for (const std::string target : {"/", "/nowhere", "/add/localhost:1", "/assets/style.css"}) {
    const Response response = ask("GET", target);
    INFO(target);
    CHECK(response.status == 421);
    CHECK(reason_of(response) == "host_not_allowed");
    CHECK(count_of(response.body, "--allowed-host") == 1);
    // Whoever pointed the name here can read this.
    CHECK(count_of(response.body, "hidden-worker") == 0);
  }
  CHECK(addresses() == std::vector<std::string>{"hidden-worker:8888"});
  CHECK(ask("GET", "/healthz").status == 200);
  CHECK(ask("HEAD", "/readyz").status == 200);
  CHECK(ask("POST", "/healthz").status == 421);
  CHECK(count_of(anonymous_error({Reason::bad_request, "No."}).body, "hidden-worker") == 0);
}

TEST_CASE_METHOD(HandlerFixture, "another site's page can change nothing and cost nothing") {
  workers.add({"localhost", 1});
  struct Case {
    std::string method;
    std::string target;
    int status;
  };
  const auto one = GENERATE(values<Case>({{"GET", "/add/localhost:2", 403},
                                          {"POST", "/add/localhost:2", 403},
                                          {"GET", "/add?address=localhost:2", 403},
                                          {"GET", "/del/localhost:1", 403},
                                          {"POST", "/del/localhost:1", 403},
                                          {"POST", "/", 403},
                                          {"POST", "/sign-in", 403},
                                          {"POST", "/sign-out", 403},
                                          {"GET", "/", 200},
                                          {"GET", "/readyz", 200},
                                          {"GET", "/assets/app.js", 200}}));
  INFO(one.method << ' ' << one.target);
  const Response response = respond({one.method, one.target, 11, cross_site, {}});
  CHECK(response.status == one.status);
  CHECK(reason_of(response) == (one.status == 403 ? "cross_site" : ""));
  CHECK(addresses() == std::vector<std::string>{"localhost:1"});
}

TEST_CASE_METHOD(HandlerFixture,
                 "a browser that doesn't name the page gets a button, and nothing changes") {
  workers.add({"hidden-worker", 1});
  const Fields browser = {{"User-Agent", "Mozilla/5.0 (X11)"}};
  struct Case {
    std::string target;
    std::string action;
  };
  const auto one = GENERATE(values<Case>({{"/add/localhost:2", "/add/localhost:2"},
                                          {"/del/hidden-worker:1", "/del/hidden-worker:1"},
                                          {"/add/[::1]%3A2", "/add/[::1]%3A2"},
                                          {"http://localhost:9999/add/a:2", "/add/a:2"},
                                          {"/add?address=a:2", "/add?address=a:2"},
                                          {"/add/\"><script>", "/add/&quot;&gt;&lt;script&gt;"}}));
  INFO(one.target);
  const Response response = respond({"GET", one.target, 11, browser, {}});
  CHECK(response.status == 403);
  CHECK(reason_of(response) == "unconfirmed");
  CHECK(count_of(response.body, "<form method=\"post\" action=\"" + one.action + "\">") == 1);
  CHECK(addresses() == std::vector<std::string>{"hidden-worker:1"});
  CHECK(respond({"GET", "/", 11, browser, {}}).status == 200);
  CHECK(respond({"POST", one.target, 11, browser, {}}).status == 403);
  CHECK(addresses() == std::vector<std::string>{"hidden-worker:1"});
}

TEST_CASE_METHOD(HandlerFixture, "the button on that page sends the request again") {
  const auto press = [&](const std::string& origin) {
    return respond({"POST",
                    "/add/localhost:2",
                    11,
                    {{"User-Agent", "Mozilla/5.0 (X11)"}, {"Origin", origin}},
                    {}});
  };
  CHECK(press("null").status == 403);
  CHECK(press("http://evil.example").status == 403);
  CHECK(addresses().empty());
  CHECK(press("http://localhost:9999").status == 200);
  CHECK(addresses() == std::vector<std::string>{"localhost:2"});
}

TEST_CASE_METHOD(HandlerFixture, "a worker's address must be in an allowed network") {
  services.rules.worker_allowed = [](std::string_view address) {
    return address.starts_with("10.") || address == "::1";
  };
  const auto add = [&](const std::string& address) { return get("/add/" + address); };
  for (const std::string address :
       {"203.0.113.7:80", "169.254.169.254:80", "[2001:db8::1]:80", "[::ffff:203.0.113.7]:80"}) {
    INFO(address);
    const Response response = add(address);
    CHECK(response.status == 403);
    CHECK(reason_of(response) == "address_not_allowed");
    CHECK(count_of(response.body, "--worker-network") == 1);
  }
  CHECK(addresses().empty());
  // A host name's addresses are checked when it is resolved.
  for (const std::string address : {"10.1.2.3:80", "[::1]:80", "example.org:80"}) {
    CHECK(add(address).status == 200);
  }
}

TEST_CASE_METHOD(GuardedTest, "with a token, workers are changed and shown only to its holders") {
  const std::vector<std::string> before = addresses();
  for (const Verdict verdict : {Verdict::missing, Verdict::wrong}) {
    context.admin = verdict;
    for (const std::string target :
         {"/add/localhost:1", "/del/hidden-worker:8888", "/del/localhost:1", "/add/nonsense"}) {
      const Response response = get(target);
      INFO(target);
      CHECK(response.status == 401);
      CHECK(reason_of(response) == "token_needed");
      CHECK(find_field(response.fields, "WWW-Authenticate") == "Bearer");
      CHECK(count_of(response.body, "action=\"/sign-in\"") == 1);
    }
  }
  CHECK(addresses() == before);

  dispatcher::Answer answer;
  answer.worker = {"hidden-worker", 8888};
  for (const Response& response :
       {get("/"), get("/nowhere"), get("/add/localhost:1"), get("/del/hidden-worker:8888"),
        respond({"POST", "/", 11, {}, {}}), respond(upload("name=picture", "abc")),
        sign_in("token=guess"), answer_to(answer),
        answer_to(Failure{FailureReason::all_busy, {}})}) {
    CHECK(count_of(response.body, "hidden-worker") == 0);
  }

  context.admin = Verdict::admitted;
  CHECK(get("/add/localhost:1").status == 200);
  CHECK(count_of(get("/").body, "hidden-worker") > 0);
  CHECK(count_of(answer_to(answer).body, "hidden-worker") > 0);
}

TEST_CASE_METHOD(GuardedTest, "too many wrong tokens are rejected with 429") {
  context.admin = Verdict::limited;
  const Response response = get("/add/localhost:1");
  CHECK(response.status == 429);
  CHECK(reason_of(response) == "sign_in_limit");
  CHECK(find_field(response.fields, "Retry-After") == "60");
  for (int i = 0; i < AdminGate::failures_max; ++i) CHECK(sign_in("token=guess").status == 401);
  CHECK(sign_in("token=secret").status == 429);
}

TEST_CASE_METHOD(GuardedTest, "signing in sets a cookie, and signing out removes it") {
  const Response entered = sign_in("x=y&token=secret");
  CHECK(entered.status == 303);
  CHECK(find_field(entered.fields, "Location") == "/");
  const std::string set(find_field(entered.fields, "Set-Cookie"));
  const Fields cookie = {{"Cookie", set.substr(0, set.find(';'))}};
  CHECK(set == cookie[0].value + "; Path=/; HttpOnly; SameSite=Strict");
  CHECK(check(cookie) == Verdict::admitted);

  const Response left = respond({"POST", "/sign-out", 11, cookie, {}});
  CHECK(left.status == 303);
  CHECK(count_of(find_field(left.fields, "Set-Cookie"), "Max-Age=0") == 1);
  CHECK(check(cookie) == Verdict::missing);

  context.https = true;
  CHECK(count_of(find_field(sign_in("token=secret").fields, "Set-Cookie"), "; Secure") == 1);
}

TEST_CASE_METHOD(GuardedTest, "a wrong token sets no cookie") {
  for (const std::string body : {"", "token=", "token=guess", "secret", "token=%zz"}) {
    const Response response = sign_in(body);
    INFO(body);
    CHECK(response.status == 401);
    CHECK(find_field(response.fields, "Set-Cookie").empty());
  }
}

TEST_CASE_METHOD(GuardedTest, "a wrong token is reported beside the field") {
  const std::string field =
      "aria-invalid=\"true\" aria-describedby=\"token-trouble\" autofocus><button";
  const std::string trouble = "id=\"token-trouble\" class=\"trouble\" role=\"alert\">";
  CHECK(count_of(get("/").body, field) == 0);
  CHECK(count_of(get("/").body, trouble + "</p>") == 1);
  const Response wrong = sign_in("token=guess");
  CHECK(wrong.status == 401);
  CHECK(reason_of(wrong) == "token_needed");
  CHECK(find_field(wrong.fields, "WWW-Authenticate") == "Bearer");
  CHECK(count_of(wrong.body, field) == 1);
  CHECK(count_of(wrong.body, trouble + "Wrong admin token. Try again.</p>") == 1);
  CHECK(count_of(wrong.body, "Status 401") == 0);
  for (int i = 1; i < AdminGate::failures_max; ++i) sign_in("token=guess");
  const Response limited = sign_in("token=guess");
  CHECK(limited.status == 429);
  CHECK(count_of(limited.body, trouble + "Too many wrong tokens") == 1);
  CHECK(!find_field(limited.fields, "Retry-After").empty());
}

TEST_CASE_METHOD(HandlerFixture, "hostile text becomes neither markup nor a header field") {
  workers.add({"localhost", 1});
  const auto id = workers.snapshot().front().worker.id;
  workers.set_model(id, {evil, true});
  dispatcher::Answer answer;
  answer.worker = {evil, 1};
  answer.model = dispatcher::WorkerModel{evil, true};
  answer.recognition.top = {{evil, {}, 0.5}};
  const std::string encoded = "%22%3E%3Cscript%3Ealert('1')%3C/script%3E%0D%0AX:y";
  const protocol::Refusal refusal{protocol::RefusalReason::unreadable, evil};
  for (const Response& response :
       {get("/"), get("/" + encoded), get("/add/" + encoded), get("/add?address=" + encoded),
        get("/del/" + evil), respond({"GET", "/", 11, {{"Host", evil}}, {}}),
        respond({"GET", "http://" + evil + "/", 11, {}, {}}),
        respond(upload("name=\"" + evil + "\"", "abc")),
        answer_to(answer, "%22><script>alert('1')</script>&"),
        answer_to(Failure{FailureReason::refused, refusal}),
        anonymous_error({Reason::bad_request, evil})}) {
    CHECK(count_of(response.body, "<script>") == 0);
    CHECK(count_of(response.body, "alert('") == 0);
    for (const Field& field : response.fields) {
      CHECK(field.value.find_first_of("\r\n") == std::string::npos);
    }
  }
}

}  // namespace
}  // namespace samoyed::web
