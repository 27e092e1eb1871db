// SPDX-License-Identifier: Apache-2.0
//
// Replies with what they mean, a line each: "CLASS NATURE ACTION REPLY".
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "policy/replies/reply_words.h"

namespace icm {

struct Sample {
  ReplyClass reply_class = ReplyClass::unknown;
  ReplyNature nature = ReplyNature::unknown;
  ReplyAction action = ReplyAction::sample_alert;
  std::string reply;
  bool by_codes = false;  // nothing but the codes tells what it is
};

inline std::vector<std::string> read_lines(const std::string& name) {
  std::ifstream file(std::string(ICM_SOURCE_DIR "/test/policy/replies/") + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with('#')) lines.push_back(line);
  }
  return lines;
}

inline std::vector<Sample> read_samples(const std::string& name) {
  std::vector<Sample> samples;
  for (const std::string& line : read_lines(name)) {
    const std::size_t first = line.find(' ');
    const std::size_t second = line.find(' ', first + 1);
    const std::size_t third = line.find(' ', second + 1);
    std::string word = line.substr(0, first);
    Sample sample;
    sample.by_codes = word.ends_with('*');
    if (sample.by_codes) word.pop_back();
    // A word that is not known throws, and the test with it fails.
    sample.reply_class = reply_word<ReplyClass>(word).value();
    sample.nature = reply_word<ReplyNature>(line.substr(first + 1, second - first - 1)).value();
    sample.action = reply_word<ReplyAction>(line.substr(second + 1, third - second - 1)).value();
    sample.reply = line.substr(third + 1);
    samples.push_back(sample);
  }
  return samples;
}

}  // namespace icm
