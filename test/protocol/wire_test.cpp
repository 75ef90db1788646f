#include "samoyed/protocol/wire.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "samoyed/protocol/base64.hpp"
#include "samoyed/protocol/limits.hpp"
#include "samoyed/protocol/message.hpp"

using namespace samoyed::protocol;

namespace {

const Recognition recognition{
    .top = {{"Samoyed", 258, 0.9302121996879578}, {"Great Pyrenees", 257, 1e-05}},
    .width = 1546,
    .height = 1213,
    .times = PhaseTimes{.queue_ms = 0.5, .decode_ms = 9.25, .resize_ms = 2, .forward_ms = 7}};

}  // namespace

TEST_CASE("probabilities have the digits of Python's str(float)") {
  const std::vector<std::pair<double, std::string>> table{
      {0.9302121996879578, "0.9302121996879578"},
      {static_cast<double>(0.93009061f), "0.930090606212616"},
      {1.0, "1.0"},
      {0.0, "0.0"},
      {0.5, "0.5"},
      {0.0001, "0.0001"},
      {0.00012345, "0.00012345"},
      {0.00001, "1e-05"},
      {0.0000999, "9.99e-05"},
      {1.5e-10, "1.5e-10"},
      {static_cast<double>(1e-30f), "1.0000000031710769e-30"},
      {1e-100, "1e-100"},
  };
  for (const auto& [probability, text] : table) CHECK(format_probability(probability) == text);
}

TEST_CASE("sizes are formatted and parsed") {
  CHECK(format_size({881840, {}}) == "881840");
  CHECK(format_size({881840, 10}) == "881840;top=10");
  CHECK(format_size({881840, 10, std::chrono::milliseconds(2500)}) ==
        "881840;top=10;timeout_ms=2500");
  CHECK(format_size({.text_length = 8, .thumbnail_side = 96}) == "8;thumbnail=96");
  for (const auto dialect : {Dialect::plain, Dialect::extended}) {
    CHECK(parse_size("881840", dialect).request == SizeRequest{881840, {}});
    CHECK_FALSE(parse_size("881840", dialect).error.has_value());
    for (const char* text : {"", "x", "-1", "+1", " 1", "1 ", "1x", "hello", ";top=1",
                             "99999999999999999999", "0x10", "1.0"}) {
      INFO(text);
      CHECK(parse_size(text, dialect).error == SizeError::no_number);
    }
  }
}

TEST_CASE("options of a size exist in the extended dialect only") {
  CHECK(parse_size("8;top=10", Dialect::extended).request == SizeRequest{8, 10});
  CHECK(parse_size("8;timeout_ms=2500;top=10", Dialect::extended).request ==
        SizeRequest{8, 10, std::chrono::milliseconds(2500)});
  CHECK(parse_size("8;thumbnail=256", Dialect::extended).request ==
        SizeRequest{.text_length = 8, .thumbnail_side = 256});
  CHECK(parse_size("8;top=10", Dialect::plain).error == SizeError::no_number);
  for (const char* text :
       {"8;top=0", "8;top=1001", "8;top=x", "8;top", "8;top=", "8;best=1", "8;top=1;x=2", "8;;",
        "8;timeout_ms=0", "8;timeout_ms=-1", "8;timeout_ms=99999999999", "8;thumbnail=0",
        "8;thumbnail=257", "8;thumbnail"}) {
    INFO(text);
    const ParsedSize parsed = parse_size(text, Dialect::extended);
    CHECK(parsed.error == SizeError::unknown_option);
    CHECK(parsed.request.text_length == 8);
  }
}

TEST_CASE("labels in Latin-1 of a reference server become valid UTF-8") {
  const auto parsed = parse_result("caf\xE9:0.5", Dialect::plain);
  REQUIRE(parsed);
  CHECK(std::get<Recognition>(*parsed).top.front().label == "caf\uFFFD");
}

TEST_CASE("a plain result has the format that a reference client parses") {
  CHECK(format_result(recognition, Dialect::plain) ==
        "Samoyed:0.9302121996879578,Great Pyrenees:1e-05");
  CHECK(format_result(Refusal{RefusalReason::too_large, "with, a: detail"}, Dialect::plain) ==
        "error:too large");
  const auto parsed = parse_result("Samoyed:0.93,Great Pyrenees:1e-05,a 'b'-c:0", Dialect::plain);
  REQUIRE(parsed.has_value());
  CHECK(std::get<Recognition>(*parsed).top ==
        std::vector<RankedLabel>{
            {"Samoyed", {}, 0.93}, {"Great Pyrenees", {}, 1e-05}, {"a 'b'-c", {}, 0}});
}

TEST_CASE("an extended result survives formatting and parsing") {
  CHECK(parse_result(format_result(recognition, Dialect::extended), Dialect::extended) ==
        Result(recognition));
  const Refusal refusal{RefusalReason::unreadable, "The file ends before its last row."};
  CHECK(parse_result(format_result(refusal, Dialect::extended), Dialect::extended) ==
        Result(refusal));
}

TEST_CASE("a result may carry a thumbnail, which survives formatting and parsing") {
  Recognition with_thumbnail = recognition;
  with_thumbnail.thumbnail = std::string("\xFF\xD8\xFF\xE0\0 -0001", 10);
  const std::string payload = format_result(with_thumbnail, Dialect::extended);
  CHECK(payload.ends_with(R"(,"thumbnail":"/9j/4AAgLTAwMA=="})"));
  CHECK_FALSE(contains_message_end(payload));
  CHECK(parse_result(payload, Dialect::extended) == Result(with_thumbnail));
  CHECK(format_result(with_thumbnail, Dialect::plain) ==
        format_result(recognition, Dialect::plain));
}

TEST_CASE("a thumbnail that is not a small JPEG file is rejected") {
  const auto with_thumbnail = [](const std::string& value) {
    return parse_result(
        R"({"top":[{"label":"a","probability":0.5}],"width":1,"height":1,"thumbnail":)" + value +
            "}",
        Dialect::extended);
  };
  CHECK(with_thumbnail(R"("/9j/4AAgLTAwMA==")").has_value());
  // Base64 of FF D8 FF and zeros: the maximum length, and beyond it.
  const std::string zeros(base64_length(thumbnail_bytes_max) - 8, 'A');
  CHECK(with_thumbnail("\"/9j/" + zeros + "AAA=\"").has_value());
  CHECK_FALSE(with_thumbnail("\"/9j/" + zeros + "AAAAAAAA\"").has_value());
  for (const char* value : {R"("")", R"("PHN2Zz4=")", R"("/9j/4")", R"("/9j/ 4AA")", "5", "null",
                            R"(["/9j/4AAgLTAwMA=="])"}) {
    INFO(value);
    CHECK_FALSE(with_thumbnail(value).has_value());
  }
}

TEST_CASE("a result says that its image was truncated, and says nothing otherwise") {
  Recognition recognition{.top = {{"ant", 0, 1.0}}, .width = 1, .height = 1, .times = {}};
  const std::string whole = format_result(recognition, Dialect::extended);
  CHECK(whole.find("truncated") == whole.npos);
  CHECK(parse_result(whole, Dialect::extended) == Result(recognition));
  recognition.truncated = true;
  const std::string truncated = format_result(recognition, Dialect::extended);
  CHECK(truncated.find(R"("truncated":true)") != truncated.npos);
  CHECK(parse_result(truncated, Dialect::extended) == Result(recognition));
  for (const char* value : {"1", "\"true\"", "null", "[true]"}) {
    INFO(value);
    CHECK_FALSE(parse_result(std::string(R"({"top":[{"label":"a","probability":0.5}],"width":1,)") +
                                 R"("height":1,"truncated":)" + value + "}",
                             Dialect::extended));
  }
}

TEST_CASE("every reason survives both dialects and contains no separator") {
  for (const auto reason :
       {RefusalReason::busy, RefusalReason::too_large, RefusalReason::unreadable,
        RefusalReason::too_many_pixels, RefusalReason::too_slow, RefusalReason::bad_encoding,
        RefusalReason::bad_option, RefusalReason::internal}) {
    CHECK(to_string(reason).find_first_of(",:") == std::string_view::npos);
    for (const auto dialect : {Dialect::plain, Dialect::extended}) {
      CHECK(parse_result(format_result(Refusal{reason, ""}, dialect), dialect) ==
            Result(Refusal{reason, ""}));
    }
  }
  CHECK(parse_result("error:too h\xF6t", Dialect::plain) ==
        Result(Refusal{RefusalReason::other, "too h\uFFFDt"}));
  CHECK(parse_result("error:too hot", Dialect::plain) ==
        Result(Refusal{RefusalReason::other, "too hot"}));
}

TEST_CASE("a detail that would end the message early is left out") {
  const std::string payload =
      format_result(Refusal{RefusalReason::internal, "code -0001"}, Dialect::extended);
  CHECK_FALSE(contains_message_end(payload));
  CHECK(payload == R"({"error":"internal"})");
}

TEST_CASE("invalid results are rejected") {
  for (const char* payload :
       {"", "Samoyed", ":0.5", "Samoyed:", "Samoyed:x", "Samoyed:1.5", "Samoyed:-0.1",
        "Samoyed:nan", "Samoyed:0.5:6", "a:0.5,,b:0.1", "a:0.5,", "{}"}) {
    INFO(payload);
    CHECK_FALSE(parse_result(payload, Dialect::plain).has_value());
  }
  for (const char* payload :
       {"",
        "{",
        "{}",
        "[]",
        "1",
        "null",
        R"({"top":[],"width":1,"height":1})",
        R"({"top":[{"label":"a"}],"width":1,"height":1})",
        R"({"top":[{"label":"a","probability":2}],"width":1,"height":1})",
        R"({"top":[{"label":1,"probability":0.5}],"width":1,"height":1})",
        R"({"top":[{"label":"a","probability":0.5}]})",
        R"({"top":[{"label":"a","probability":0.5}],"width":1.5,"height":1})",
        R"({"top":[{"label":"a","probability":0.5}],"width":2147483648,"height":1})",
        R"({"top":[{"label":"a","probability":0.5,"class":1e30}],"width":1,"height":1})",
        R"({"top":[{"label":"a","probability":0.5,"class":-2147483649}],"width":1,"height":1})",
        R"({"top":[{"label":"a","probability":0.5},{"probability":0.5}],"width":1,"height":1})",
        R"({"top":{"label":"a","probability":0.5},"width":1,"height":1})",
        R"({"top":[["a",0.5]],"width":1,"height":1})",
        R"({"top":["a"],"width":1,"height":1})",
        R"({"top":[{"label":["a"],"probability":0.5}],"width":1,"height":1})",
        R"({"top":[{"label":"a","probability":0.5}],"width":1,"height":1,"times":null})",
        R"({"top":[{"label":"a","probability":0.5}],"width":1,"height":1,"times":{"queue_ms":1}})",
        R"({"top":[{"label":"a","probability":0.5}],"width":1,"height":1,)"
        R"("times":{"queue_ms":1e300,"decode_ms":1,"resize_ms":1,"forward_ms":1}})",
        R"({"top":[{"label":"a","probability":0.5}],"width":1,"height":1,)"
        R"("times":{"queue_ms":1,"decode_ms":1,"resize_ms":1,"forward_ms":-2000000000}})",
        R"({"x":{"top":[{"label":"a","probability":0.5}],"width":1,"height":1}})",
        R"([{"top":[{"label":"a","probability":0.5}],"width":1,"height":1}])",
        R"({"top":[{"label":"a","probability":0.5}],"width":1,"height":1}{)",
        R"({"error":5})",
        R"({"error":"busy","detail":5})",
        "Samoyed:0.93"}) {
    INFO(payload);
    CHECK_FALSE(parse_result(payload, Dialect::extended).has_value());
  }
}

TEST_CASE("unknown fields of an extended result are ignored") {
  const std::string label = R"({"label":"a","probability":1,"why":{"label":5,"x":[{}]}})";
  CHECK(parse_result(R"({"x":[{"top":1},["error"]],"top":[)" + label + "," + label +
                         R"(],"top":[)" + label +
                         R"(],"width":1,"height":2,"times":{"queue_ms":1,"decode_ms":2.5,)"
                         R"("resize_ms":0,"forward_ms":-3,"more":[null,true]},"y":"error"})",
                     Dialect::extended) ==
        Result(Recognition{{{"a", {}, 1}}, 1, 2, PhaseTimes{1, 2.5, 0, -3}}));
  CHECK(parse_result(R"({"detail":"why","top":[],"error":"busy"})", Dialect::extended) ==
        Result(Refusal{RefusalReason::busy, "why"}));
}

TEST_CASE("the numbers and texts of an extended result are read exactly") {
  const auto parsed = [](const std::string& label, const std::string& probability) {
    return parse_result(R"({"top":[{"l\u0061bel":")" + label + R"(","probability":)" + probability +
                            R"(}],"width":1,"height":1})",
                        Dialect::extended);
  };
  for (const double number : {0.9300912618637085, 0.0102310031652450562, 5e-324, 1e-45, 0.1}) {
    const std::string text = nlohmann::json(number).dump();
    INFO(text);
    CHECK(parsed("a", text) == Result(Recognition{{{"a", {}, number}}, 1, 1, {}}));
  }
  CHECK(parsed("a", "1e-400") == Result(Recognition{{{"a", {}, 0}}, 1, 1, {}}));
  CHECK_FALSE(parsed("a", "1e400").has_value());
  CHECK(parsed(R"(caf\u00e9 \"x\" \ud83d\ude00\n)", "1") ==
        Result(Recognition{{{"café \"x\" \U0001F600\n", {}, 1}}, 1, 1, {}}));
  CHECK_FALSE(parsed(R"(\ud83d)", "1").has_value());
  CHECK_FALSE(parsed("\xFF", "1").has_value());
}

TEST_CASE("an extended result nests at most 32 objects and lists, and nothing follows it") {
  const auto parses = [](std::size_t depth, const std::string& after) {
    return parse_result(R"({"top":[{"label":"a","probability":1}],"width":1,"height":1,"x":)" +
                            std::string(depth, '[') + std::string(depth, ']') + "}" + after,
                        Dialect::extended)
        .has_value();
  };
  CHECK(parses(31, ""));
  CHECK_FALSE(parses(32, ""));
  CHECK_FALSE(parses(100'000, ""));
  CHECK(parses(1, " \n"));
  CHECK_FALSE(parses(1, "{}"));
}

TEST_CASE("a result may have as many labels as can be requested, and no more") {
  for (const Dialect dialect : {Dialect::plain, Dialect::extended}) {
    const auto parses = [dialect](int labels) {
      Recognition many{{}, 1, 1, {}};
      many.top.resize(static_cast<std::size_t>(labels), RankedLabel{"a", 1, 0});
      return parse_result(format_result(many, dialect), dialect).has_value();
    };
    CHECK(parses(top_max));
    CHECK_FALSE(parses(top_max + 1));
  }
}

TEST_CASE("a hello reply survives formatting and parsing, and foreign ones are rejected") {
  const WorkerHello hello{
      "squeezenet1_1",         1000, false, 33554432, true, false, true, true, "full",
      ImageFormatSet{0b10001}, 4};
  CHECK(parse_hello(format_hello(hello)) == hello);
  CHECK(format_hello(hello) ==
        R"({"project":"samoyed","protocol":1,"model":"squeezenet1_1","labels":1000,)"
        R"("trained":false,"image_bytes_max":33554432,"busy":true,"takes_timeout":false,)"
        R"("takes_thumbnail":true,"takes_pipelining":true,"formats":["jpeg","gif"],)"
        R"("sandbox":"full","threads":4})");
  WorkerHello stopping = hello;
  stopping.draining = true;
  CHECK(parse_hello(format_hello(stopping)) == stopping);
  CHECK(format_hello(stopping).ends_with(R"("sandbox":"full","threads":4,"draining":true})"));
  // An older worker doesn't send the newer fields, and a newer one sends more fields.
  const auto older =
      parse_hello(R"({"project":"samoyed","protocol":1,"model":"m","labels":2,"trained":true,)"
                  R"("image_bytes_max":3,"busy":false,"takes_more":{"x":[]}})");
  CHECK(older == WorkerHello{.model = "m", .label_count = 2, .image_bytes_max = 3});
  CHECK(older->formats == original_image_formats);
  const auto boastful =
      parse_hello(R"({"project":"samoyed","protocol":1,"model":"m","labels":2,"trained":true,)"
                  R"("image_bytes_max":3,"busy":false,"threads":18446744073709551615})");
  CHECK(boastful->threads == 1024);
  CHECK(!parse_hello(R"({"project":"samoyed","protocol":1,"model":"m","labels":2,"trained":true,)"
                     R"("image_bytes_max":3,"busy":false,"threads":-1})"));
  const auto newer =
      parse_hello(R"({"project":"samoyed","protocol":1,"model":"m","labels":2,"trained":true,)"
                  R"("image_bytes_max":3,"busy":false,"formats":["png","holograms"]})");
  REQUIRE(newer.has_value());
  CHECK(newer->formats == ImageFormatSet{0b10});
  for (const char* payload :
       {"", "{}", "[]", R"({"project":"other","protocol":1})",
        R"({"project":"samoyed","protocol":2})", R"({"project":"samoyed","protocol":1})"}) {
    INFO(payload);
    CHECK_FALSE(parse_hello(payload).has_value());
  }
}
