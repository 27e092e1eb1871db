// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/attachment.h"

#include <unistd.h>
#include <nlohmann/json.hpp>

namespace icm::ctl::postfix {
namespace {

using Json = nlohmann::ordered_json;

constexpr int record_version = 1;

std::string record_of(const std::string& directory) {
  return attachment_directory(directory) + "/attachment.json";
}

Insertion parse_insertion(const Json& json) {
  return {.file = json.at("file").get<std::string>() == "main.cf" ? File::main_cf : File::master_cf,
          .at = json.at("at").get<std::size_t>(),
          .text = json.at("text").get<std::string>(),
          .reason = json.at("reason").get<std::string>(),
          .parameter = json.at("parameter").get<std::string>(),
          .service = json.at("service").get<std::string>()};
}

}  // namespace

std::string attachment_directory(const std::string& config_directory) {
  return config_directory + "/icloud-milter";
}

std::string to_json(const Attachment& attachment) {
  Json json = {{"version", record_version},
               {"at", attachment.at},
               {"arrival", attachment.options.has_arrival},
               {"gate_port", attachment.options.gate_port},
               {"insertions", Json::array()}};
  for (const Insertion& one : attachment.insertions) {
    json["insertions"].push_back({{"file", to_string(one.file)},
                                  {"at", one.at},
                                  {"text", one.text},
                                  {"reason", one.reason},
                                  {"parameter", one.parameter},
                                  {"service", one.service}});
  }
  return json.dump(1, ' ', true, Json::error_handler_t::replace) + "\n";
}

Result<Attachment> parse_attachment(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("version").get<int>() != record_version) {
      return fail(Code::config, "written by another release of icloud-milter");
    }
    Attachment attachment;
    attachment.at = json.at("at").get<std::string>();
    attachment.options.has_arrival = json.at("arrival").get<bool>();
    attachment.options.gate_port = json.at("gate_port").get<std::uint16_t>();
    for (const Json& one : json.at("insertions")) {
      attachment.insertions.push_back(parse_insertion(one));
    }
    return attachment;
  } catch (const Json::exception& problem) {
    return fail(Code::config, fmt::format("not a record of this program: {}", problem.what()));
  }
}

Result<std::optional<Attachment>> load_attachment(const std::string& directory) {
  const std::string path = record_of(directory);
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::optional<Attachment>();
  ICM_TRY(const ConfigFile file, read_config_file(path));
  auto attachment = parse_attachment(file.text);
  if (!attachment) return fail_at(path, attachment.error());
  return std::optional<Attachment>(std::move(*attachment));
}

Status save_attachment(const std::string& directory, const Attachment& attachment,
                       const ConfigFile& main_cf, const ConfigFile& master_cf) {
  const std::string folder = attachment_directory(directory);
  ICM_CHECK(make_private_directory(folder));
  ICM_CHECK(put_file(folder + "/main.cf", main_cf.text, main_cf.status, Times::of_status));
  ICM_CHECK(put_file(folder + "/master.cf", master_cf.text, master_cf.status, Times::of_status));
  struct stat mine {};
  mine.st_uid = ::geteuid();
  mine.st_gid = ::getegid();
  mine.st_mode = 0600;
  return put_file(record_of(directory), to_json(attachment), mine, Times::of_now);
}

Status put_back(const std::string& directory, File kind, const ConfigFile& before) {
  const Status put = put_file(before.path, before.text, before.status, Times::of_status);
  if (put) return put;
  const std::string copy = fmt::format("{}/{}", attachment_directory(directory), to_string(kind));
  const auto kept = read_config_file(copy);
  if (!kept || kept->text != before.text) return put;
  return ::rename(copy.c_str(), before.path.c_str()) == 0 ? Status() : put;
}

void forget_attachment(const std::string& directory, Copies copies) {
  const std::string folder = attachment_directory(directory);
  // The record first: without the files it would be wrong.
  ::unlink(record_of(directory).c_str());
  if (copies == Copies::keep) return;
  for (const char* name : {"main.cf", "master.cf"}) {
    ::unlink(fmt::format("{}/{}", folder, name).c_str());
  }
  ::rmdir(folder.c_str());
}

}  // namespace icm::ctl::postfix
