// SPDX-License-Identifier: Apache-2.0
#include "test/support/dns_wire.h"

#include <vector>

#include "policy/base/text.h"

namespace icm::dns_wire {
namespace {

constexpr unsigned soa = 6;
constexpr unsigned no_such_name = 3;  // RCODE
constexpr unsigned servfail = 2;

std::string octets(const std::uint8_t* begin, std::size_t size) {
  return {reinterpret_cast<const char*>(begin), size};
}

// The contents of the records that answer a question of this type.
std::vector<std::string> contents(const DnsAnswer& answer) {
  constexpr std::size_t longest_string = 255;  // RFC 1035 §3.3
  std::vector<std::string> all;
  for (std::string_view text : answer.texts) {
    std::string& content = all.emplace_back();
    do {
      const std::string_view part = text.substr(0, longest_string);
      content += static_cast<char>(part.size());
      content += part;
      text.remove_prefix(part.size());
    } while (!text.empty());
  }
  for (const IpAddress& address : answer.addresses) {
    all.push_back(octets(address.octets().data(), address.is_v4() ? 4 : 16));
  }
  for (const MxRecord& exchange : answer.exchanges) {
    all.push_back(number(exchange.preference) + name(exchange.host));
  }
  for (const std::string& target : answer.names) all.push_back(name(target));
  return all;
}

}  // namespace

std::string number(unsigned value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}

std::string name(std::string_view text) {
  std::string wire;
  for (const std::string_view label : split(text, '.')) {
    if (label.empty()) continue;
    wire += static_cast<char>(label.size());
    wire += label;
  }
  return wire + '\0';
}

std::optional<RecordType> record_type(unsigned type) {
  switch (type) {
    case 1:
      return RecordType::a;
    case 12:
      return RecordType::ptr;
    case 15:
      return RecordType::mx;
    case 16:
      return RecordType::txt;
    case 28:
      return RecordType::aaaa;
    default:
      return std::nullopt;
  }
}

std::optional<Question> read_question(std::string_view message) {
  if (message.size() < header_size + 5) return {};
  Question question;
  question.id = message.substr(0, 2);
  std::size_t at = header_size;
  while (at < message.size() && message[at] != 0) {
    const auto size = static_cast<unsigned char>(message[at]);
    if (at + 1 + size >= message.size()) return {};
    if (!question.name.empty()) question.name += '.';
    question.name += lower_ascii(message.substr(at + 1, size));
    at += 1 + size;
  }
  if (at + 5 > message.size()) return {};
  question.type = static_cast<unsigned>(static_cast<unsigned char>(message[at + 1]) << 8 |
                                        static_cast<unsigned char>(message[at + 2]));
  question.text = message.substr(header_size, at + 5 - header_size);
  return question;
}

std::string header(const Question& question, unsigned flags, unsigned answers) {
  return question.id + number(flags) + number(1) + number(answers) + number(0) + number(0);
}

std::string record(const std::string& owner, unsigned type, const std::string& content) {
  return owner + number(type) + number(1) + number(0) + number(60) +
         number(static_cast<unsigned>(content.size())) + content;
}

std::string message(const Question& question, const DnsAnswer& answer) {
  if (answer.is_temporary()) return header(question, is_answer | servfail, 0) + question.text;
  const std::vector<std::string> records = contents(answer);
  const unsigned rcode = answer.status == DnsStatus::no_such_name ? no_such_name : 0;
  std::string text =
      header(question, is_answer | rcode, static_cast<unsigned>(records.size())) + question.text;
  for (const std::string& content : records) {
    text += record(number(name_of_question), question.type, content);
  }
  if (!records.empty()) return text;
  // RFC 2308 §3: how long "there is nothing" may be kept.
  text[9] = 1;  // one record in the authority section
  const std::string times = number(0) + number(60);
  return text + record(std::string(1, '\0'), soa,
                       name("ns.test") + name("root.test") + times + times + times + times + times);
}

}  // namespace icm::dns_wire
