package dev.nocturne.standalone.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.Graphics;
import java.awt.image.BufferedImage;
import org.junit.jupiter.api.Test;

class TerminalPictureTest {

    @Test
    void twoPixelsAreACharacterAndItsColoursReachTheTerminal() {
        BufferedImage picture = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        Graphics graphics = picture.getGraphics();
        graphics.setColor(Color.RED);
        graphics.fillRect(0, 0, 8, 4);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 4, 8, 4);

        String cell = "\u001b[38;2;255;0;0m\u001b[48;2;255;255;255m\u2580";
        String line = cell + cell + "\u001b[0m";
        assertThat(TerminalPicture.of(picture, 2)).isEqualTo(line + "\n");
        assertThat(Terminal.printable(line)).isEqualTo(line);
        assertThat(TerminalPicture.of(picture, 4).lines()).hasSize(2);
    }
}
