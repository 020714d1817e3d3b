"""OpenCV's grabCut on the pictures of a folder, each with its hints beside it.

Prints the overlap with the true mask, around the face, and the time for each.
"""
import glob
import json
import sys
import time

import cv2
import numpy

cv2.setNumThreads(1)
folder, true_mask = sys.argv[1:]
truth = cv2.imread(true_mask, cv2.IMREAD_GRAYSCALE) >= 128
overlaps, seconds = [], 0
for path in sorted(glob.glob(folder + "/*[0-9].png")):
    picture = cv2.imread(path)
    mask = cv2.imread(path.replace(".png", ".hints.png"), cv2.IMREAD_GRAYSCALE)
    height, width = picture.shape[:2]
    start = time.process_time()
    small = cv2.resize(picture, mask.shape[::-1], interpolation=cv2.INTER_AREA)
    cv2.grabCut(small, mask, None, numpy.zeros((1, 65)), numpy.zeros((1, 65)), 5, cv2.GC_INIT_WITH_MASK)
    found = cv2.resize((mask % 2).astype(numpy.float32), (width, height)) >= 0.5
    seconds += time.process_time() - start
    around = slice(0, 366), slice(0, 465)  # matting.Surroundings of her face
    both = (found & truth[:height])[around].sum()
    overlaps.append(both / (found | truth[:height])[around].sum())
print(json.dumps({"iou": numpy.mean(overlaps), "worst": min(overlaps), "milliseconds": 1000 * seconds / len(overlaps)}))
