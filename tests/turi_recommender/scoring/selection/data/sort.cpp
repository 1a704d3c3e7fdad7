// Writes reference results of GNU libstdc++ for test_introsort.py: for each case a line of scores
// and a line with the order that std::sort leaves.
// g++ -O1 sort.cpp -o sort && ./sort | gzip -9n > sort.txt.gz
#include <algorithm>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

int main() {
  std::mt19937 random(2);
  for (int number = 0; number < 300; ++number) {
    int size = 1 + random() % 120;
    if (number % 40 == 0) size = 1500;
    const int levels[] = {3, 20, 100000};
    int distinct = 1 + random() % levels[number % 3];
    std::vector<std::pair<double, int>> items(size);
    for (int i = 0; i < size; ++i) items[i] = {double(random() % distinct), i};
    if (number % 5 == 0) {  // a killer of the median of three: the depth limit is reached
      int half = size / 2;
      for (int i = 0; i < size; ++i) {
        double key = i >= half ? 2 * (i - half + 1) : i % 2 == 0 ? i + 1 : half + i + (half % 2 ? 0 : 1);
        items[i].first = double(int(number % 2 ? key : -key) / 3);  // with equal scores
      }
    }
    for (auto &item : items) std::printf("%.0f ", item.first);
    std::sort(items.begin(), items.end(), [](const auto &a, const auto &b) { return a.first > b.first; });
    std::printf("\n");
    for (auto &item : items) std::printf("%d ", item.second);
    std::printf("\n");
  }
}
