// SPDX-License-Identifier: Apache-2.0
#include "policy/dns/zone_resolver.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "policy/base/handle.h"
#include "policy/base/text.h"

namespace icm {
namespace {

using nlohmann::json;

constexpr int max_depth = 8;     // of JSON in JSON; a zone has four
constexpr int max_aliases = 16;  // CNAMEs in a row; a loop ends here

std::string shown(const json& value) {
  return for_log(value.dump(-1, ' ', true, json::error_handler_t::replace), 60);
}

DnsAnswer answer_of(DnsStatus status) {
  DnsAnswer answer;
  answer.status = status;
  answer.ttl = std::chrono::seconds{3600};
  if (status == DnsStatus::temporary) answer.problem = "TIMEOUT in the zone file";
  return answer;
}

// Where JSON is no JSON: "3:17: expected …". nlohmann's parser tells the octet.
class Complaint final : public json::json_sax_t {
 public:
  explicit Complaint(std::string_view text) : text_(text) { json::sax_parse(text, this); }
  const std::string& text() const { return complaint_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception&) override {
    const std::string_view before = text_.substr(0, std::min(position, text_.size()));
    const std::size_t line_begin = before.rfind('\n') + 1;  // 0 without one
    complaint_ =
        fmt::format("{}:{}: expected a JSON object of DNS names, got \"{}\" there",
                    1 + std::ranges::count(before, '\n'),
                    std::max<std::size_t>(before.size() - line_begin, 1), for_log(token, 60));
    return false;
  }

 private:
  std::string_view text_;
  std::string complaint_;
};

}  // namespace

// Reads one name's records into a Node.
class ZoneResolver::Reader {
 public:
  Status read(const std::string& name, const json& records, Node& node) {
    if (!records.is_object()) return wrong(name, "an object of record types", records);
    for (const auto& [type, list] : records.items()) {
      const std::string place = fmt::format("{} {}", for_log(name), for_log(type));
      if (!list.is_array()) return wrong(place, "a list", list);
      ICM_CHECK(read_list(place, type, list, node));
    }
    return {};
  }

 private:
  static tl::unexpected<Error> wrong(std::string_view place, std::string_view expected,
                                     const json& found) {
    return fail(Code::syntax,
                fmt::format("{}: expected {}, got {}", for_log(place), expected, shown(found)));
  }

  static Status read_list(const std::string& place, const std::string& type, const json& list,
                          Node& node) {
    if (type == "SPF") return {};
    if (type == "CNAME") return read_alias(place, list, node);
    static const std::map<std::string, RecordType> types = {{"A", RecordType::a},
                                                            {"AAAA", RecordType::aaaa},
                                                            {"MX", RecordType::mx},
                                                            {"TXT", RecordType::txt},
                                                            {"PTR", RecordType::ptr}};
    const auto known = types.find(type);
    if (known == types.end()) {
      return fail(Code::syntax,
                  fmt::format("{}: expected one of A, AAAA, MX, TXT, PTR, CNAME, SPF", place));
    }
    DnsAnswer answer = answer_of(DnsStatus::ok);
    for (const json& item : list) {
      if (item.is_string() && item.get_ref<const std::string&>() == "TIMEOUT") {
        answer.status = DnsStatus::temporary;
        answer.problem = "TIMEOUT in the zone file";
        continue;
      }
      ICM_CHECK(read_record(place, known->second, item, answer));
    }
    if (list.empty()) answer.status = DnsStatus::no_data;
    node.answers[known->second] = std::move(answer);
    return {};
  }

  static Status read_alias(const std::string& place, const json& list, Node& node) {
    if (list.empty()) return {};
    if (list.size() != 1 || !list[0].is_string()) return wrong(place, "one name", list);
    const auto& target = list[0].get_ref<const std::string&>();
    if (target == "TIMEOUT") {
      node.alias_times_out = true;
    } else {
      node.alias = dns_name(target);
      if (node.alias.empty()) return wrong(place, "a DNS name", list[0]);
    }
    return {};
  }

  static Status read_record(const std::string& place, RecordType type, const json& item,
                            DnsAnswer& answer) {
    switch (type) {
      case RecordType::a:
      case RecordType::aaaa:
        return read_address(place, type, item, answer);
      case RecordType::mx:
        return read_exchange(place, item, answer);
      case RecordType::txt:
        return read_text(place, item, answer);
      case RecordType::ptr:
        if (!item.is_string()) return wrong(place, "a name", item);
        answer.names.push_back(host(item.get_ref<const std::string&>()));
        return {};
    }
    return {};
  }

  static Status read_address(const std::string& place, RecordType type, const json& item,
                             DnsAnswer& answer) {
    const char* expected = type == RecordType::a ? "an IPv4 address" : "an IPv6 address";
    if (!item.is_string()) return wrong(place, expected, item);
    const auto& text = item.get_ref<const std::string&>();
    const auto address = IpAddress::parse(text);
    const bool is_v6 = text.find(':') != std::string::npos;
    if (!address || is_v6 != (type == RecordType::aaaa)) return wrong(place, expected, item);
    answer.addresses.push_back(*address);
    return {};
  }

  static Status read_exchange(const std::string& place, const json& item, DnsAnswer& answer) {
    if (!item.is_array() || item.size() != 2 || !item[0].is_number_unsigned() ||
        item[0].get<std::uint64_t>() > 65535 || !item[1].is_string()) {
      return wrong(place, "[preference, \"host.\"]", item);
    }
    answer.exchanges.push_back({.preference = item[0].get<std::uint16_t>(),
                                .host = host(item[1].get_ref<const std::string&>())});
    return {};
  }

  static Status read_text(const std::string& place, const json& item, DnsAnswer& answer) {
    std::string text;
    if (item.is_string()) {
      text = item.get<std::string>();
    } else if (item.is_array()) {
      for (const json& chunk : item) {
        if (!chunk.is_string()) return wrong(place, "a text or a list of texts", item);
        text += chunk.get_ref<const std::string&>();
      }
    } else {
      return wrong(place, "a text or a list of texts", item);
    }
    answer.texts.push_back(std::move(text));
    return {};
  }

  // Hosts in records may be anything a zone can hold, "." included.
  static std::string host(std::string_view text) {
    if (text.ends_with('.')) text.remove_suffix(1);
    return lower_ascii(text);
  }
};

Result<ZoneResolver> ZoneResolver::parse(std::string_view text) {
  // Comments are no JSON; duplicate names would hide records, the last one wins as everywhere.
  bool is_too_deep = false;
  const auto watch_depth = [&](int depth, json::parse_event_t, const json&) {
    is_too_deep = is_too_deep || depth > max_depth;
    return !is_too_deep;
  };
  const json zone = json::parse(text, watch_depth, /*allow_exceptions=*/false);
  if (is_too_deep)
    return fail(Code::syntax, "expected a JSON object of DNS names, got a deep nest");
  if (zone.is_discarded()) return fail(Code::syntax, Complaint(text).text());
  if (!zone.is_object())
    return fail(Code::syntax, "expected a JSON object of DNS names, got " + shown(zone));
  ZoneResolver resolver;
  Reader reader;
  for (const auto& [written, records] : zone.items()) {
    const std::string name = dns_name(written);
    // A name that DNS cannot hold can be written here but never be found.
    Node unreachable;
    Node& node = name.empty() ? unreachable : resolver.nodes_[name];
    ICM_CHECK(reader.read(written, records, node));
    for (auto dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      resolver.interior_.insert(name.substr(dot + 1));
    }
  }
  return resolver;
}

Result<ZoneResolver> ZoneResolver::load(const std::string& path) {
  constexpr std::size_t max_size = 64u << 20;
  const Handle<std::FILE, &std::fclose> file(std::fopen(path.c_str(), "rbe"));
  const auto failed = [&](std::string_view what) {
    return fail(Code::config, fmt::format("{}: {}", for_log(path), what));
  };
  if (!file) return failed(std::strerror(errno));
  std::string text;
  std::vector<char> chunk(64u << 10);
  while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    text.append(chunk.data(), size);
    if (text.size() > max_size) return failed("larger than 64 MiB");
  }
  if (std::ferror(file.get()) != 0) return failed(std::strerror(errno));
  auto zone = parse(text);
  if (!zone) return fail_at(for_log(path), zone.error());
  return zone;
}

DnsAnswer ZoneResolver::query(std::string_view asked, RecordType type, Deadline) {
  std::string name = dns_name(asked);
  if (name.empty()) return answer_of(DnsStatus::no_such_name);
  for (int step = 0; step < max_aliases; ++step) {
    const auto node = nodes_.find(name);
    if (node == nodes_.end()) {
      return answer_of(interior_.contains(name) ? DnsStatus::no_data : DnsStatus::no_such_name);
    }
    if (node->second.alias_times_out) return answer_of(DnsStatus::temporary);
    if (node->second.alias.empty()) {
      const auto found = node->second.answers.find(type);
      return found == node->second.answers.end() ? answer_of(DnsStatus::no_data) : found->second;
    }
    name = node->second.alias;
  }
  DnsAnswer loop = answer_of(DnsStatus::temporary);
  loop.problem = fmt::format("more than {} CNAMEs in a row", max_aliases);
  return loop;
}

}  // namespace icm
